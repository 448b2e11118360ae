package rest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Message is one message of the server.
type Message struct{ ID, Message string }

// Error is a call that did not work: what was being done, to what, what happened, and what to do.
type Error struct {
	Method, URL string
	Status      int // 0: no answer
	Messages    []Message
	What        string
	Advice      string
	Err         error
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %s", e.Method, e.URL, e.What)
	for _, m := range e.Messages {
		b.WriteString(": " + m.Message)
	}
	if e.Err != nil && e.Status == 0 {
		fmt.Fprintf(&b, " (%v)", e.Err)
	}
	if e.Advice != "" {
		b.WriteString("; " + e.Advice)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Temporary reports whether the same call may work a moment later.
func (e *Error) Temporary() bool {
	if errors.Is(e.Err, context.Canceled) {
		return false
	}
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	if errors.As(e.Err, &unknown) || errors.As(e.Err, &invalid) || errors.As(e.Err, &host) {
		return false
	}
	return e.Status == 0 && e.Err != nil || e.Status >= 500
}

// NotFound reports whether an error says that something is not there.
func NotFound(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusNotFound
}

// failed explains a call without an answer.
func (c *Client) failed(method string, u *url.URL, limit time.Duration, err error) error {
	e := &Error{Method: method, URL: u.String(), Err: err, What: "no answer"}
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var record tls.RecordHeaderError
	var dns *net.DNSError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		e.What, e.Advice = "the server's certificate has expired or is not valid yet", "renew it, and look at both clocks"
	case errors.As(err, &unknown):
		e.What, e.Advice = "the server's certificate is signed by an authority that is not trusted here", "give the authority's certificate as `ca_file` in the streams block"
	case errors.As(err, &host):
		e.What, e.Advice = "the server's certificate is for another name", "use the name in the certificate, or give it as `server_name`"
	case errors.As(err, &invalid):
		e.What = "the server's certificate is not valid"
	case errors.As(err, &record):
		e.What, e.Advice = "the server does not speak TLS on this port", "look at the port in the URL"
	case errors.As(err, &dns):
		e.What, e.Advice = "the server's name cannot be found", "look at the URL and at the name service"
	case errors.Is(err, syscall.ECONNREFUSED) || strings.Contains(err.Error(), "connection refused"):
		e.What, e.Advice = "nothing listens there", "is the REST management service running, and is the port right?"
	case errors.Is(err, context.DeadlineExceeded):
		e.What, e.Advice = fmt.Sprintf("no answer within %s", limit), "is there a firewall in between, or is the server overloaded?"
	}
	return e
}

// refused explains an answer that is an error. Both known bodies are understood, and none, and anything else.
func (c *Client) refused(method string, u *url.URL, resp *http.Response, body []byte) error {
	e := &Error{Method: method, URL: u.String(), Status: resp.StatusCode, What: resp.Status, Messages: messages(body)}
	switch resp.StatusCode {
	case http.StatusUnauthorized:
		e.What, e.Advice = "401: the user name or the password is wrong", fmt.Sprintf("look at username (%q) and password in the streams block", c.cfg.Username)
	case http.StatusForbidden:
		e.What, e.Advice = "403: the user may not do this", fmt.Sprintf("grant %q the authority, or use another user", c.cfg.Username)
	case http.StatusNotFound:
		e.What = "404: not there"
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		e.What, e.Advice = fmt.Sprintf("%d: it sends us elsewhere, to %.200q", resp.StatusCode, resp.Header.Get("Location")), "give that URL if it is right; credentials are not sent to places that a server names"
	}
	return e
}

// messages reads `{"id","message"}`, `{"messages":[{"id","message"}]}`, or the beginning of a text.
func messages(body []byte) []Message {
	var both struct {
		ID       string    `json:"id"`
		Message  string    `json:"message"`
		Messages []Message `json:"messages"`
	}
	if json.Unmarshal(body, &both) == nil {
		if both.Message != "" {
			return []Message{{both.ID, both.Message}}
		}
		if len(both.Messages) > 10 {
			both.Messages = both.Messages[:10]
		}
		return both.Messages
	}
	text := strings.Join(strings.Fields(string(body[:min(len(body), 2048)])), " ")
	if text == "" || strings.HasPrefix(text, "<") {
		return nil
	}
	return []Message{{Message: text[:min(len(text), 300)]}}
}
