package session

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/xdc-project/xdc/providers"
)

// addressed gives hosts that the plan knows by a name an address in a stand-in: in the target's first network, else in one
// of its own. The same plan gives the same addresses, so that the twin and those who act on it agree.
func addressed(i int, t providers.Target) []providers.Host {
	out := slices.Clone(t.Hosts)
	taken := map[netip.Addr]bool{}
	for _, h := range out {
		if a, err := netip.ParseAddr(h.Address); err == nil {
			taken[a] = true
		}
	}
	next := firstAddress(i, t.Networks)
	for k := range out {
		if _, err := netip.ParseAddr(out[k].Address); err == nil {
			continue
		}
		for taken[next] {
			next = next.Next()
		}
		taken[next] = true
		out[k].Address = next.String()
	}
	return out
}

// firstAddress is the tenth of the target's first network.
func firstAddress(i int, networks []string) netip.Addr {
	for _, n := range networks {
		p, err := netip.ParsePrefix(n)
		if err != nil {
			continue
		}
		a := p.Masked().Addr()
		for range 10 {
			if next := a.Next(); p.Contains(next) {
				a = next
			}
		}
		return a
	}
	return netip.MustParseAddr(fmt.Sprintf("10.255.%d.10", min(i+1, 255)))
}
