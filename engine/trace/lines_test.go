package trace

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/lang/signal"
)

// Runs of the first version have their traces as JSON lines.
func TestTracesOfTheFirstFormatAreStillRead(t *testing.T) {
	const old = `{"format":"xdc.trace/1"}
{"signal":1,"name":"dc1.reachable","kind":"bool"}
[1,0.001,0.002,3,true]
{"signal":2,"name":"wait.t.rto","kind":"duration"}
{"evidence":"seen","signal":2}
[2,1,2,0,null,31.5,null]
{"event":"fault.a.b.injected","low":3,"high":4}
[1,5,6,3,fal`
	var got []string
	err := Read(strings.NewReader(old), func(s signal.Sample) {
		got = append(got, s.Signal+" "+s.Value.String()+" "+s.High.String()+" "+s.Evidence)
	}, func(n string, s signal.Span) { got = append(got, n+" "+s.High.String()) })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"dc1.reachable true 2ms ", "wait.t.rto [31.5s, unbounded] 2s seen", "fault.a.b.injected " + (4 * time.Second).String()}, got); diff != "" {
		t.Error(diff)
	}
}
