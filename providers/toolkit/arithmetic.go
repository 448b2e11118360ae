package toolkit

import (
	"time"

	"github.com/xdc-project/xdc/providers"
)

// defaultPort is the port of heartbeats where the plan names none. Assumption toolkit.ports.
const defaultPort = 25091

// Window is a stretch of time in seconds: later than Low and no later than High. Assumptions toolkit.detection and toolkit.version.
type Window struct{ Low, High float64 }

// Detection is when a side that ticks every h and forgives some misses declares the other down, counted from an abrupt
// failure of one that sends a heartbeat every sends.
//
// DOWN comes on the (misses+1)-th tick after the last heartbeat: more than misses x h after it, and at most
// (misses+1) x h. The failure itself lies within one sends after the last heartbeat. With sends equal to h that is
// ((misses-1) x h, (misses+1) x h]. Derived from the state machines of toolkit 1.0.1.
func Detection(h time.Duration, misses int, sends time.Duration) Window {
	return Window{
		Low:  max(time.Duration(misses)*h-sends, 0).Seconds(),
		High: (time.Duration(misses+1) * h).Seconds(),
	}
}

// Chained is when a side declares down another that has fallen silent because it has itself declared this side down
// within first.
func Chained(first Window, h time.Duration, misses int, sends time.Duration) Window {
	second := Detection(h, misses, sends)
	return Window{Low: first.Low + second.Low, High: first.High + second.High}
}

// EffectivePeriod is the real time in seconds between two snapshots of a side with heartbeat interval h and nominal
// snapshot interval s. The toolkit counts heartbeats, and counts one more for each snapshot, so that with
// m = s / gcd(h, s) in whole seconds the period is max(m-1, 1) ticks, of h as it is. Below a second on either side nothing
// can be said, and ok is false.
func EffectivePeriod(h, s time.Duration) (period float64, ok bool) {
	hs, ss := int64(h/time.Second), int64(s/time.Second)
	if hs <= 0 || ss <= 0 {
		return 0, false
	}
	a, b := hs, ss
	for b != 0 {
		a, b = b, a%b
	}
	return float64(max(ss/a-1, 1)) * h.Seconds(), true
}

// interval is the heartbeat interval, 0 where it is not stated.
func interval(k *providers.Toolkit) time.Duration {
	if k == nil {
		return 0
	}
	return k.HeartbeatInterval.D()
}

// port is where heartbeats are received.
func port(k *providers.Toolkit) int {
	if k == nil || k.Port == 0 {
		return defaultPort
	}
	return k.Port
}
