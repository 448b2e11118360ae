package network

import (
	"net/netip"
	"slices"

	"github.com/xdc-project/xdc/providers"
)

// cuts reports whether a rule ends the way by which xdc reaches a machine, as the machine itself sees that way: from peer
// to its own port. Where the machine does not say, nothing is known to be cut. Rules that only slow traffic down cut
// nothing.
func cuts(r providers.LinkRule, f providers.Facts) bool {
	if !f.Peer.IsValid() || !(r.Drop || r.Reject || r.Loss == 1) {
		return false
	}
	far := slices.ContainsFunc(r.Networks, func(n string) bool {
		p, err := netip.ParsePrefix(n)
		return err == nil && p.Contains(f.Peer.Unmap())
	})
	switch {
	case !far || r.Protocol != "" && r.Protocol != "tcp":
		return false
	case r.Direction == "out" && r.Match != "packets":
		return false // the connection was opened from outside
	}
	return len(r.Ports) == 0 || f.Port == 0 || slices.Contains(r.Ports, f.Port)
}
