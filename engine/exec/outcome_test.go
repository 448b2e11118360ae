package exec

import "testing"

func TestCodeIsTheFirstThatApplies(t *testing.T) {
	for _, tc := range []struct {
		name    string
		reasons []Code
		want    Code
	}{
		{"nothing went wrong", nil, OK},
		{"a must was not met", []Code{NotMet}, NotMet},
		{"a broken run outranks a verdict", []Code{NotMet, Broken}, Broken},
		{"an interrupt outranks a broken run", []Code{Broken, Interrupted}, Interrupted},
		{"what is owed outranks everything", []Code{Interrupted, NotMet, Owed, Broken}, Owed},
		{"not started stands alone", []Code{NotStarted}, NotStarted},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var o Outcome
			for _, c := range tc.reasons {
				o.because(c, "reason %d", c)
			}
			if got := o.Code(); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
			others := len(tc.reasons) - 1
			if got := len(o.Others()); got != max(others, 0) {
				t.Errorf("got %d other reasons, want %d", got, max(others, 0))
			}
		})
	}
}
