package program

import "github.com/xdc-project/xdc/lang/value"

// Twin is what the twin of a target is like.
type Twin struct {
	// Clock is how far the clocks of its servers are ahead of the true time; behind is negative.
	Clock value.Duration `json:"clock,omitempty"`
	// Services are what its services do wrong.
	Services []TwinTrouble `json:"services,omitempty"`
}

// TwinTrouble is what a service of a twin, or one endpoint of an application, does wrong with requests. Rates are of 1.
type TwinTrouble struct {
	Service   string         `json:"service,omitempty"` // management, data, toolkit; empty for endpoints
	Latency   value.Duration `json:"latency,omitempty"`
	Jitter    value.Duration `json:"jitter,omitempty"`
	StallRate float64        `json:"stall_rate,omitempty"`
	Stall     value.Duration `json:"stall,omitempty"`
	DropRate  float64        `json:"drop_rate,omitempty"`
	ErrorRate float64        `json:"error_rate,omitempty"`
	Statuses  []int          `json:"statuses,omitempty"`
	Clock     value.Duration `json:"clock,omitempty"` // how far it is ahead; behind is negative
	// After is how long after the twin's start it begins, For how long it goes on; 0: to the end.
	After value.Duration `json:"after,omitempty"`
	For   value.Duration `json:"for,omitempty"`
}

// Nothing reports whether nothing is wrong.
func (t TwinTrouble) Nothing() bool {
	return t.Latency == 0 && t.StallRate == 0 && t.DropRate == 0 && t.ErrorRate == 0 && t.Clock == 0
}
