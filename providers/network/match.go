package network

import (
	"math"

	"github.com/xdc-project/xdc/providers"
)

// way is which way a packet passes the host.
type way string

const (
	arriving way = "arriving" // the other side has sent it
	leaving  way = "leaving"  // it goes to the other side
)

// opener is who has opened a packet's connection; the empty one means that it does not matter, and that connections need
// not be tracked to tell.
type opener string

const (
	anybody opener = ""
	near    opener = "out" // the host, or what is behind it
	far     opener = "in"  // the other side
)

// openers says for one way whose connections are meant; none means that no packet of that way is.
//
// Where it makes no difference who opened a connection, it is not asked: tracking connections on a host that does not do so
// already costs memory, and what was open before is not known to it.
func openers(r providers.LinkRule, w way) []opener {
	if r.Match == "packets" {
		if r.Direction == "in" && w == leaving || r.Direction == "out" && w == arriving {
			return nil
		}
		return []opener{anybody}
	}
	switch {
	case r.Direction == "in":
		return []opener{far}
	case r.Direction == "out":
		return []opener{near}
	case len(r.Ports) == 0:
		return []opener{anybody}
	}
	return []opener{near, far}
}

// forth reports whether packets of a way go from the opener to the other side, rather than back.
func (o opener) forth(w way) bool { return (o == near) == (w == leaving) }

// protocols are those a rule names; none means all. Ports belong to tcp and udp.
func protocols(r providers.LinkRule) []string {
	switch {
	case r.Protocol != "" && r.Protocol != "all":
		return []string{r.Protocol}
	case len(r.Ports) > 0:
		return []string{"tcp", "udp"}
	}
	return nil
}

// Limits of what the kernel's limiters can count.
const (
	maxBytes = 1 << 33 // bytes a second; more is no limit on any interface
	// offload is the largest packet that the kernel hands through at once; a bucket that holds less lets none of them
	// pass.
	offload = 66 << 10
)

// limit is a rate as the limiters take it: bytes a second, and how many may come at once on top of a second's worth.
func limit(r providers.LinkRule) (rate, burst int64) {
	rate = min(max(r.RateBPS/8, 1), maxBytes)
	return rate, max(offload-rate, 1)
}

// parts is a loss in parts of a million, at least one.
func parts(loss float64) int { return min(max(int(math.Round(loss*1e6)), 1), 1e6) }
