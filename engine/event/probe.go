package event

// Interval encloses a figure, in seconds or as a fraction. High nil is unbounded.
type Interval struct {
	Low  float64  `json:"low"`
	High *float64 `json:"high"`
}

// Probe is what a probe found: the application as a client of it saw it. Times are seconds.
type Probe struct {
	Rate     float64  `json:"rate"` // transactions a second
	Deadline float64  `json:"deadline"`
	Hold     float64  `json:"hold"`
	Targets  []string `json:"targets"`
	// First and Last are when the first and the last transaction were due, in seconds since run.started.
	First float64 `json:"first"`
	Last  float64 `json:"last"`
	// Total counts a result at any target, At those at one target alone.
	Total ProbeCounts            `json:"total"`
	At    map[string]ProbeCounts `json:"at,omitempty"`
	// Recoveries are one for each fault that recovery is counted from, in the order of their injections.
	Recoveries []Recovery `json:"recoveries,omitempty"`
	// Outages lists the stretches of failed transactions, at most MaxOutages.
	Outages []ProbeOutage `json:"outages,omitempty"`
	// Answers counts what became of the requests: accepted, refused, indeterminate, unreached.
	Answers map[string]int64 `json:"answers,omitempty"`
	// Ranges are stretches of time in which results may have passed unread.
	Ranges []Blind `json:"ranges,omitempty"`
	// Late is the most by which a record left after it was due, and Overdue how many transactions count as unknown because of it.
	Late    float64 `json:"late"`
	Overdue int64   `json:"overdue,omitempty"`
	// Blur is the widest stretch between two looks at a sink around the arrival of a result: what latencies are known to.
	Blur float64 `json:"blur"`
	// Error is the share by which percentiles of latency are rounded, already in their bounds.
	Error float64 `json:"error"`
}

// MaxOutages bounds how many outages are listed.
const MaxOutages = 1000

// ProbeCounts are the transactions by what became of them, and the figures that follow.
type ProbeCounts struct {
	Sent    int64 `json:"sent"`
	Good    int64 `json:"good"`
	Failed  int64 `json:"failed"`
	Unknown int64 `json:"unknown"`
	// ServiceLevel is the share of good transactions. All are nil without a transaction.
	ServiceLevel *Interval `json:"service_level,omitempty"`
	Outages      int64     `json:"outages"`
	Outage       *Interval `json:"outage,omitempty"` // the longest
	P50          *Interval `json:"latency_p50,omitempty"`
	P90          *Interval `json:"latency_p90,omitempty"`
	P99          *Interval `json:"latency_p99,omitempty"`
	Max          *Interval `json:"latency_max,omitempty"`
}

// ProbeOutage is a stretch of failed transactions. It began after LastGood and no later than FirstFailed, and ended after
// LastFailed and no later than NextGood; all are when transactions were due, in seconds since run.started. Nil: there is none.
type ProbeOutage struct {
	LastGood    *float64 `json:"last_good"`
	FirstFailed float64  `json:"first_failed"`
	LastFailed  float64  `json:"last_failed"`
	NextGood    *float64 `json:"next_good"`
	Failed      int64    `json:"failed"`
}
