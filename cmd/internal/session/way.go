package session

import (
	"context"
	"net"
	"net/netip"
)

// WayTo says from which address of this machine an address would be reached, as its routes say now. Nothing is sent: UDP
// knows no connections, and the kernel only looks the route up. Names are not resolved, because that would ask a server.
func WayTo(address string) (netip.Addr, bool) {
	if _, err := netip.ParseAddr(address); err != nil {
		return netip.Addr{}, false
	}
	var d net.Dialer
	c, err := d.DialContext(context.Background(), "udp", net.JoinHostPort(address, "22"))
	if err != nil {
		return netip.Addr{}, false // there is no route
	}
	defer func() { _ = c.Close() }() // nothing was sent
	from, ok := c.LocalAddr().(*net.UDPAddr)
	if !ok {
		return netip.Addr{}, false
	}
	return from.AddrPort().Addr().Unmap(), true
}
