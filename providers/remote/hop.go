package remote

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// hop is a host as it is named: port 0 and no user mean that nothing was said.
type hop struct {
	Host string
	Port int
	User string
}

// parseHop reads USER@ADDRESS:PORT; user and port are optional, and an IPv6 address with a port stands in brackets.
// ssh:// may stand before it.
func parseHop(s string) (hop, error) {
	var h hop
	rest := strings.TrimPrefix(s, "ssh://")
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		h.User, rest = rest[:i], rest[i+1:]
		if h.User == "" {
			return h, fmt.Errorf("%q has no user before the @", s)
		}
	}
	switch {
	case strings.HasPrefix(rest, "[") && strings.HasSuffix(rest, "]"):
		h.Host = rest[1 : len(rest)-1]
	case strings.HasPrefix(rest, "[") || strings.Count(rest, ":") == 1:
		host, port, err := net.SplitHostPort(rest)
		if err != nil {
			return h, fmt.Errorf("%q is no host: %w", s, err)
		}
		if h.Port, err = strconv.Atoi(port); err != nil || h.Port < 1 || h.Port > 65535 {
			return h, fmt.Errorf("%q has no port that is a number from 1 to 65535", s)
		}
		h.Host = host
	default:
		h.Host = rest
	}
	if h.Host == "" || strings.ContainsAny(h.Host, "/ \t\r\n\x00[]") {
		return h, errors.New(strconv.Quote(s) + " names no host")
	}
	return h, nil
}
