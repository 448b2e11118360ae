package cond_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/lang/testfile"
)

// slowly judges by the reference evaluator. Reasons, and what is known of a temporal operator before the end, it takes
// from the other one: the reference has only verdicts.
type slowly struct{ testfile.Online }

func (s slowly) reference(f *cond.Formula, l *testfile.Timeline) *cond.Reference {
	r := &cond.Reference{F: f, Samples: map[string][]signal.Sample{}, Events: l.Events}
	for _, x := range l.Samples {
		r.Samples[x.Signal] = append(r.Samples[x.Signal], x)
	}
	return r
}

func (s slowly) At(f *cond.Formula, l *testfile.Timeline, t time.Duration) cond.Judged {
	j := s.Online.At(f, l, t)
	if !f.Temporal() && t%(time.Millisecond/2) == 0 { // the reference knows nothing in between
		j.Truth = s.reference(f, l).Eval(t)
	}
	return j
}

func (s slowly) Verdict(f *cond.Formula, l *testfile.Timeline) cond.Judged {
	j := s.Online.Verdict(f, l)
	if f.Temporal() {
		j.Truth = s.reference(f, l).Judge(l.Begin, l.End)
	} else {
		j.Truth = s.reference(f, l).Eval(l.End)
	}
	return j
}

// The semantics of the language stand in testdata/spec; both evaluators agree with every word of it.
func TestSpecification(t *testing.T) {
	files, err := filepath.Glob("testdata/spec/*.xdctest")
	if err != nil || len(files) < 7 {
		t.Fatalf("%d files (%v)", len(files), err)
	}
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for how, e := range map[string]testfile.Evaluator{"online": testfile.Online{}, "reference": slowly{}} {
			t.Run(filepath.Base(name)+"/"+how, func(t *testing.T) {
				f, found := testfile.Parse(name, src)
				if len(f.Tests) == 0 {
					t.Error("no tests")
				}
				for _, r := range testfile.Run(f, e) {
					found = append(found, r.Found...)
				}
				if len(found) > 0 {
					t.Error(diag.Render(found, func(string) []byte { return src }, diag.Options{Width: 140}))
				}
			})
		}
	}
}
