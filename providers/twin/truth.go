package twin

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// truth writes down what really happened, and remembers the last of it for people.
type truth struct {
	mu     sync.Mutex
	w      io.Writer
	start  time.Time
	err    error
	recent []fact            // the newest last; without records
	out    map[string]string // faults made outside of the model that are in force, with where, by name and where
}

// mostRecent is how many facts are remembered.
const mostRecent = 40

// fact is one line of the truth. T is seconds since the twin was made.
type fact struct {
	T      float64 `json:"t"`
	What   string  `json:"what"`
	Target string  `json:"target,omitempty"`
	Job    string  `json:"job,omitempty"`
	Step   string  `json:"step,omitempty"`
	ID     string  `json:"id,omitempty"`
	Cause  string  `json:"cause,omitempty"`
}

func (t *truth) say(f fact) { t.sayAt(time.Time{}, f) }

// sayAt writes down a fact of an instant; the zero one is now.
func (t *truth) sayAt(at time.Time, f fact) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f.T = time.Since(t.start).Seconds()
	if !at.IsZero() {
		f.T = at.Sub(t.start).Seconds()
	}
	t.remember(f)
	if t.w == nil {
		return
	}
	b, err := json.Marshal(f)
	if err == nil {
		_, err = t.w.Write(append(b, '\n'))
	}
	if t.err == nil {
		t.err = err
	}
}

// remember is called with t.mu held.
func (t *truth) remember(f fact) {
	if strings.HasPrefix(f.What, "record_") {
		return // there are too many
	}
	if len(t.recent) >= mostRecent {
		t.recent = slices.Delete(t.recent, 0, 1)
	}
	t.recent = append(t.recent, f)
}

// outside remembers a fault that was made outside of the model, on a real host, or that it is gone.
func (t *truth) outside(what, name, where string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch key := name + " " + where; what {
	case "fault_in_effect":
		if t.out == nil {
			t.out = map[string]string{}
		}
		t.out[key] = where
	case "fault_gone":
		delete(t.out, key)
	}
}
