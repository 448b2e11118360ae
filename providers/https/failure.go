package https

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"
)

// Kind says what kept an answer from coming. The zero value is invalid on purpose.
type Kind int

// The kinds of failures.
const (
	_           Kind = iota
	Cancelled        // the caller gave up
	Timeout          // connected, and no whole answer in time
	NoConnect        // no connection in time
	Refused          // nothing listens there
	NoName           // the host name is unknown
	NoRoute          // the network does not get there
	UnknownCA        // the certificate is signed by nobody trusted
	Expired          // the certificate is not valid now
	WrongName        // the certificate is for another host
	NoTLS            // the other side does not speak TLS, or not a version that is allowed
	Plain            // it would have been sent in the open
	Redirected       // it was sent to another host
	Half             // the answer ended before its end
	TooLarge         // the answer is larger than what is read
	Broken           // the connection broke before the answer
	Unusable         // the request could not be made
	Proxied          // the proxy gave no tunnel
	Uncertified      // the server asks for a client's certificate and got none, or none that it takes
)

// Failure is why there is no answer.
type Failure struct {
	Kind Kind
	// Left is whether any byte of the request may have left: if not, the service cannot have acted on it.
	Left bool
	// Status is the answer's status where its head was there; else 0.
	Status         int
	Sent, Answered time.Time
	Err            error
}

func (f *Failure) Error() string { return f.What() }
func (f *Failure) Unwrap() error { return f.Err }

// Temporary reports whether the same request may work a moment later.
func (f *Failure) Temporary() bool {
	switch f.Kind {
	case Proxied:
		return !errors.Is(f.Err, errProxyLogin)
	case Timeout, NoConnect, Refused, NoRoute, Half, Broken:
		return true
	case Cancelled, NoName, UnknownCA, Expired, WrongName, NoTLS, Plain, Redirected, TooLarge, Unusable, Uncertified:
	}
	return false
}

func kindOf(ctx context.Context, err error, part bool) Kind {
	var late *connectTimeout
	var expired x509.CertificateInvalidError
	var name x509.HostnameError
	var signer x509.UnknownAuthorityError
	var shake *handshakeError
	var alert tls.AlertError
	var record tls.RecordHeaderError
	var dns *net.DNSError
	var proxy *proxyError
	switch {
	case errors.As(err, &proxy):
		return Proxied
	case errors.As(err, &late):
		return NoConnect
	case ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled) && !errors.Is(err, context.DeadlineExceeded):
		return Cancelled
	case errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil:
		return Timeout
	case errors.As(err, &expired) && expired.Reason == x509.Expired:
		return Expired
	case errors.As(err, &name):
		return WrongName
	case errors.As(err, &signer):
		return UnknownCA
	case errors.As(err, &expired):
		return UnknownCA
	case strings.Contains(err.Error(), "remote error: tls: certificate required"), strings.Contains(err.Error(), "remote error: tls: bad certificate"):
		return Uncertified // the type of an alert is not exported
	case errors.As(err, &record), errors.As(err, &alert):
		return NoTLS
	case errors.Is(err, errPlain):
		return Plain
	case errors.As(err, &dns):
		return NoName
	case errors.Is(err, syscall.ECONNREFUSED), refusedByText(err):
		return Refused
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return NoRoute
	case isTimeout(err):
		return Timeout
	case part && (errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)):
		return Half
	case errors.As(err, &shake):
		return NoTLS
	case part:
		return Half
	}
	return Broken
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// refusedByText knows refusals of transports that have no system error behind them, such as those in memory.
func refusedByText(err error) bool { return strings.Contains(err.Error(), "connection refused") }

// What says what happened, for people.
func (f *Failure) What() string {
	switch f.Kind {
	case Cancelled:
		return fmt.Sprintf("it was given up: %v", f.Err)
	case Timeout:
		return fmt.Sprintf("no whole answer came in time: %v", f.Err)
	case NoConnect:
		return f.Err.Error()
	case Refused:
		return "nothing listens there (connection refused)"
	case NoName:
		return fmt.Sprintf("the host name cannot be resolved: %v", f.Err)
	case NoRoute:
		return fmt.Sprintf("the network does not get there: %v", f.Err)
	case UnknownCA:
		return fmt.Sprintf("the server's certificate is signed by an authority that is not trusted here: %v", f.Err)
	case Expired:
		return fmt.Sprintf("the server's certificate has expired or is not valid yet: %v", f.Err)
	case WrongName:
		return fmt.Sprintf("the server's certificate is for another name: %v", f.Err)
	case NoTLS:
		return fmt.Sprintf("no TLS connection came about: %v", f.Err)
	case Plain:
		return errPlain.Error()
	case Redirected:
		return fmt.Sprintf("the server redirects elsewhere, and credentials are not sent there: %v", f.Err)
	case Half:
		return fmt.Sprintf("the answer ended before its end: %v", f.Err)
	case TooLarge:
		return fmt.Sprintf("the answer is too large: %v", f.Err)
	case Broken:
		return fmt.Sprintf("the connection broke before an answer came: %v", f.Err)
	case Proxied:
		return f.Err.Error()
	case Uncertified:
		return fmt.Sprintf("the server asks for a client's certificate that it trusts: %v", f.Err)
	case Unusable:
		return fmt.Sprintf("the request cannot be made: %v", f.Err)
	}
	return f.Err.Error()
}

// Remedy says what to do about it; empty where there is nothing general to say.
func (f *Failure) Remedy() string {
	switch f.Kind {
	case Timeout, NoConnect:
		return "check that the address is right and that no firewall drops the packets, or raise `timeout`"
	case Refused:
		return "check host and port of `url`, and that the service is running"
	case NoName:
		return "check the host of `url` and the name service of this machine"
	case NoRoute:
		return "check the address and the routes of this machine"
	case UnknownCA:
		return "give the authority's certificate as `ca_file`"
	case Expired:
		return "have the certificate renewed, and check the clock of this machine"
	case WrongName:
		return "use the name in the certificate in `url`, or give it as `server_name`"
	case NoTLS:
		return "check that the port of `url` is the HTTPS port and that the server allows TLS 1.2 or 1.3"
	case Plain:
		return "write https:// in `url`"
	case Redirected:
		return "give the address it redirects to as `url`, if it is to be trusted"
	case Half, Broken:
		return "look at the server's log; a proxy or a load balancer in between may have cut the connection"
	case TooLarge:
		return "check that `url` names the service and not something else"
	case Proxied:
		if errors.Is(f.Err, errProxyLogin) {
			return "check `proxy_username` and `proxy_password`"
		}
		return "check `proxy` (or HTTPS_PROXY), or name the server in `no_proxy`"
	case Uncertified:
		return "give `client_certificate` and `client_key`, signed by an authority that the server trusts"
	case Cancelled, Unusable:
	}
	return ""
}
