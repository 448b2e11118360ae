package network

import (
	"net/netip"
	"slices"
	"strings"
)

// prefixes are the networks of a fault by family, each in canonical form, in order, without one that lies in another:
// the kernel's sets take no overlaps.
type prefixes struct{ v4, v6 []string }

// canonical sorts networks that were validated before. IPv4 addresses written as IPv6 ones count as IPv4.
func canonical(networks []string) prefixes {
	var all []netip.Prefix
	for _, s := range networks {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			continue // validate has refused it
		}
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		all = append(all, p.Masked())
	}
	// The larger network comes first where two begin at the same address, so that one pass finds what lies in it.
	slices.SortFunc(all, func(x, y netip.Prefix) int {
		if c := x.Addr().Compare(y.Addr()); c != 0 {
			return c
		}
		return x.Bits() - y.Bits()
	})
	var out prefixes
	var last netip.Prefix
	for _, p := range all {
		if last.IsValid() && last.Overlaps(p) {
			continue
		}
		last = p
		if p.Addr().Is4() {
			out.v4 = append(out.v4, p.String())
		} else {
			out.v6 = append(out.v6, p.String())
		}
	}
	return out
}

func words(list []string) string { return strings.Join(list, " ") }
