package exec

import (
	"sync"
	"time"
)

// lead and trail are how long before something that is awaited and after it targets are looked at closely.
const (
	lead  = 5 * time.Second
	trail = 5 * time.Second
)

// attention says whether anything rests on what is seen now: a fault or its heal, a condition that is waited for, an open
// range of an expectation, an armed guard, a job or an action that is under way. The loop writes it, observers read it.
type attention struct {
	mu      sync.Mutex
	reasons map[string]bool
	until   time.Duration // the run's time
}

func newAttention() *attention { return &attention{reasons: map[string]bool{}, until: lead} }

// begin says that something by this address rests on what is seen.
func (a *attention) begin(address string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.reasons[address] = true
}

// end says that it does no longer; for a while it is looked at closely all the same.
func (a *attention) end(address string, now time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.reasons[address] {
		delete(a.reasons, address)
		a.until = max(a.until, now+trail)
	}
}

// close reports whether to look closely.
func (a *attention) close(now time.Duration) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.reasons) > 0 || now < a.until
}
