package https

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Proxy is an HTTP proxy that is asked for a tunnel (CONNECT) to the server. TLS is spoken through the tunnel with the
// server itself, so that the proxy sees neither the requests nor their credentials.
type Proxy struct {
	// Address is HOST:PORT.
	Address string
	// Login returns the user and the password for the proxy itself; nil or an empty user: none are sent.
	Login func(ctx context.Context) (user, password string, err error)
	// Passed says that a server, HOST:PORT, is reached without the proxy; nil: none is.
	Passed func(address string) bool
}

// maxTunnelHead bounds a proxy's answer to CONNECT, in bytes.
const maxTunnelHead = 64 << 10

// proxyError says that a proxy gave no tunnel.
type proxyError struct {
	proxy, what string
	err         error
}

func (e *proxyError) Error() string { return fmt.Sprintf("the proxy %s %s", e.proxy, e.what) }
func (e *proxyError) Unwrap() error { return e.err }

// open dials a server, through the proxy where there is one.
func (p *Pool) open(ctx context.Context, network, address string) (net.Conn, error) {
	px := p.opt.Proxy
	if px == nil || px.Passed != nil && px.Passed(address) {
		c, err := p.opt.Dial(ctx, network, address)
		if err != nil {
			return nil, dialFailed(ctx, err)
		}
		return c, nil
	}
	c, err := p.opt.Dial(ctx, network, px.Address)
	if err != nil {
		return nil, &proxyError{px.Address, "cannot be reached: " + dialFailed(ctx, err).Error(), nil}
	}
	t, err := px.tunnel(ctx, c, address)
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return t, nil
}

// tunnel asks for a tunnel. Nothing of the request that it is for is told to the proxy but where it goes.
func (px *Proxy) tunnel(ctx context.Context, c net.Conn, address string) (net.Conn, error) {
	user, password := "", ""
	if px.Login != nil {
		var err error
		if user, password, err = px.Login(ctx); err != nil {
			return nil, err
		}
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	head := "CONNECT " + address + " HTTP/1.1\r\nHost: " + address + "\r\n"
	if user != "" {
		head += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password)) + "\r\n"
	}
	if _, err := io.WriteString(c, head+"\r\n"); err != nil {
		return nil, &proxyError{px.Address, "broke the connection: " + dialFailed(ctx, err).Error(), nil}
	}
	bounded := &io.LimitedReader{R: c, N: maxTunnelHead}
	r := bufio.NewReader(bounded)
	resp, err := http.ReadResponse(r, &http.Request{Method: http.MethodConnect}) //nolint:bodyclose // what follows the head is the tunnel
	switch {
	case err != nil:
		return nil, &proxyError{px.Address, "does not answer as an HTTP proxy does: " + dialFailed(ctx, err).Error(), nil}
	case resp.StatusCode == http.StatusProxyAuthRequired:
		return nil, &proxyError{px.Address, "wants another login (407)", errProxyLogin}
	case resp.StatusCode != http.StatusOK:
		return nil, &proxyError{px.Address, fmt.Sprintf("gives no tunnel to %s: it answers %d %s", address, resp.StatusCode, http.StatusText(resp.StatusCode)), nil}
	}
	if r.Buffered() > 0 {
		return nil, &proxyError{px.Address, "sends something before the server can have spoken", nil} // in TLS the client speaks first
	}
	if !stop() {
		return nil, context.Cause(ctx)
	}
	return c, nil
}

var errProxyLogin = errors.New("the proxy refuses the login")

// Unproxied reports which servers are reached without a proxy, by a list of host names, domains with a dot in front,
// addresses, prefixes in CIDR notation, each perhaps with a port, or "*" for all. A name stands for its subdomains too.
func Unproxied(list []string) func(address string) bool {
	return func(address string) bool {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			host, port = address, ""
		}
		host = strings.ToLower(strings.TrimSuffix(host, "."))
		for _, entry := range list {
			if passes(strings.ToLower(strings.TrimSpace(entry)), host, port) {
				return true
			}
		}
		return false
	}
}

func passes(entry, host, port string) bool {
	if entry == "*" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	isIP := err == nil
	if prefix, err := netip.ParsePrefix(entry); err == nil {
		return isIP && prefix.Contains(ip.Unmap())
	}
	if a, err := netip.ParseAddr(strings.Trim(entry, "[]")); err == nil {
		return isIP && a.Unmap() == ip.Unmap()
	}
	if h, p, err := net.SplitHostPort(entry); err == nil {
		if p != port {
			return false
		}
		return passes(h, host, port)
	}
	entry = strings.TrimPrefix(entry, "*")
	name := strings.TrimPrefix(entry, ".")
	return name != "" && !isIP && (host == name && entry == name || strings.HasSuffix(host, "."+name))
}

// ParseProxy reads a proxy's URL, http://HOST:PORT; the user and the password in it, if there are any, are returned apart.
func ParseProxy(text string) (address string, user *url.Userinfo, err error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "":
		return "", nil, errors.New("it is no proxy: write http://HOST:PORT")
	case u.Scheme != "http":
		return "", nil, fmt.Errorf("a proxy is spoken to by http, not by %.20s; what goes through it is TLS all the same: write http://HOST:PORT", u.Scheme)
	}
	return net.JoinHostPort(u.Hostname(), Port(u)), u.User, nil
}
