package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/xdc-project/xdc/providers/https"
)

// Limits of what a server's messages may take up in ours.
const (
	maxMessages = 10
	maxMessage  = 300
)

// Message is one message of the server.
type Message struct{ ID, Message string }

// Error is a call that did not work: what was being done, to what, what happened, and what to do.
type Error struct {
	Doing       string // "submit the job"
	Target      string
	Method, URL string
	Status      int // 0: no answer
	Messages    []Message
	What        string
	Advice      string
	Err         error
	// After is how long the server asks to be left alone; 0 where it does not say.
	After   time.Duration
	garbled bool
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s at %s: %s %s: %s", e.Doing, e.Target, e.Method, e.URL, e.What)
	for _, m := range e.Messages {
		b.WriteString(": " + m.Message)
	}
	if e.garbled {
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
	if f, ok := errors.AsType[*https.Failure](e.Err); ok {
		return f.Temporary()
	}
	return e.Status >= 500 && e.Status != http.StatusNotImplemented || e.Status == http.StatusTooManyRequests || e.Status == http.StatusRequestTimeout
}

// NotFound reports whether an error says that something is not there.
func NotFound(err error) bool { return errors.Is(err, ErrNotFound) }

// StatusOf is the status of the answer that an error is about; 0 if there was none.
func StatusOf(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Status
	}
	return 0
}

// failed explains a call without a whole answer.
func (c *Client) failed(r call, u *url.URL, err error) error {
	e := &Error{Doing: r.doing, Target: c.cfg.Target, Method: r.method, URL: u.String(), Err: err, What: err.Error()}
	if f, ok := errors.AsType[*https.Failure](err); ok {
		e.What, e.Advice = f.What(), f.Remedy()
		if e.Advice != "" && f.Kind != https.Half && f.Kind != https.Broken {
			e.Advice += " in the streams block of target " + c.cfg.Target
		}
	}
	return e
}

// refused explains an answer that is an error. Both known bodies are understood, and none, and anything else.
func (c *Client) refused(r call, u *url.URL, a *https.Answer) error {
	e := &Error{Doing: r.doing, Target: c.cfg.Target, Method: r.method, URL: u.String(), Status: a.Status, Messages: messages(a.Body)}
	e.What = strings.TrimSpace(fmt.Sprintf("the server answered %d %s", a.Status, http.StatusText(a.Status)))
	if a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable {
		if e.After = a.RetryAfter(); e.After > 0 {
			e.What += fmt.Sprintf(", and asks to be left alone for %s", e.After)
		}
	}
	switch {
	case advice(e.Messages) != "" && a.Status != http.StatusUnauthorized:
		if e.Is(ErrForbidden) {
			e.What += ": " + c.who() + " may not do this"
		}
		e.Advice = advice(e.Messages)
	case a.Status == http.StatusTooManyRequests:
		e.Advice = "lower `max_requests_per_second` or raise `poll_interval` in the streams block of target " + c.cfg.Target
	case a.Status == http.StatusUnauthorized && c.cfg.Username == "":
		e.What += ": the token is wrong or has expired"
		e.Advice = "check `token`, or `username` and `password`, in the streams block of target " + c.cfg.Target
	case a.Status == http.StatusUnauthorized:
		e.What += ": the user name or the password is wrong"
		e.Advice = fmt.Sprintf("check `username` (it is %q) and `password` in the streams block of target %s", c.cfg.Username, c.cfg.Target)
	case a.Status == http.StatusForbidden:
		e.What += ": " + c.who() + " may not do this"
		e.Advice = "grant the authority in Streams, or log in as another user"
	case a.Status == http.StatusNotFound:
		e.Advice = "check `url` and `instance` in the streams block of target " + c.cfg.Target
	case a.Status == http.StatusMethodNotAllowed, a.Status == http.StatusNotImplemented:
		e.Advice = "the server does not do this, or does it in another way; for an operation, say how with an `operation` block in the streams block"
	case a.Status == http.StatusConflict:
		e.What += ": it is in a state in which this cannot be done"
		e.Advice = "look what else is being done to it, and try again"
	case a.Status == http.StatusRequestEntityTooLarge:
		e.What += ": what was sent is too large for it, or for a proxy in between"
		e.Advice = "raise the limit of the server or of the proxy"
	case a.Status == http.StatusUnsupportedMediaType, a.Status == http.StatusNotAcceptable:
		e.Advice = "check that `url` is the root of the Streams REST management API, and that its version is one that xdc knows"
	case a.Status == http.StatusBadGateway, a.Status == http.StatusGatewayTimeout:
		e.Advice = "a proxy or a load balancer in between does not reach the service: look whether the domain's REST management API service runs"
	case a.Status >= 500:
		e.Advice = "look at the product log of the domain (streamtool getdomainlog) and try again"
	}
	return e
}

// who is whom the client logs in as, in words.
func (c *Client) who() string {
	if c.cfg.Username == "" && c.cfg.Token != nil {
		return "the owner of the token"
	}
	return fmt.Sprintf("the user %q", c.cfg.Username)
}

// messages reads `{"id","message"}`, `{"messages":[{"id","message"}]}`, or the beginning of a text. Assumption rest.errors.
func messages(body []byte) []Message {
	var both struct {
		ID       string    `json:"id"`
		Message  string    `json:"message"`
		Messages []Message `json:"messages"`
	}
	err := json.Unmarshal(body, &both)
	var wrong *json.UnmarshalTypeError
	if err != nil && !errors.As(err, &wrong) {
		return beginning(body)
	}
	list := both.Messages
	if both.Message != "" {
		list = []Message{{both.ID, both.Message}}
	}
	var out []Message
	for _, m := range list[:min(len(list), maxMessages)] {
		m.ID, m.Message = plain(m.ID), plain(m.Message)
		if m.ID != "" && !strings.HasPrefix(m.Message, m.ID) {
			m.Message = strings.TrimSpace(m.ID + " " + m.Message)
		}
		if m.Message != "" {
			out = append(out, m)
		}
	}
	return out
}

// beginning is the start of a body that is no JSON; pages of a browser say nothing to anybody.
func beginning(body []byte) []Message {
	text := plain(string(body[:min(len(body), 4*maxMessage)]))
	if text == "" || strings.HasPrefix(text, "<") {
		return nil
	}
	return []Message{{Message: text}}
}

// plain makes text from outside fit for one line of ours.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= maxMessage {
		return s
	}
	return strings.ToValidUTF8(s[:maxMessage], "") + "..."
}
