package remote

import (
	"strings"
	"testing"

	"github.com/xdc-project/xdc/providers"
)

func TestAHostIsExaminedWithoutAChange(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	m := s.machine(s.pool(nil), map[string]any{})
	got := map[string]providers.Finding{}
	for _, f := range append(m.(providers.Checker).Check(t.Context()), m.(providers.Examiner).Examine(t.Context())...) {
		got[strings.TrimPrefix(f.Subject, "dc1.edge ")] = f
		if !f.OK {
			t.Errorf("in the way: %+v", f)
		}
	}
	for subject, part := range map[string]string{
		"ssh": "logged in as", "tools": "flock", "queueing": "the kernel has", "watchdog": "a reboot ends every fault but", "clock": "agrees with this machine's",
	} {
		if f, ok := got[subject]; !ok || !strings.Contains(f.Text, part) {
			t.Errorf("%s: %+v does not say %q", subject, f, part)
		}
	}
}
