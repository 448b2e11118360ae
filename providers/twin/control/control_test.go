package control

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// said is a server's answer without a server.
type said struct {
	status int
	body   io.Reader
}

func (s said) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: s.status, Body: io.NopCloser(s.body), Header: http.Header{}}, nil
}

// FuzzAnswer: whatever the control endpoint says, its client returns what it says or an error, and reads no more than its bound.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		`{"error":"e","lock":{"target":"dc1","run":"r","ttl":"1m"}}`, `{"error":"e","ended":true}`, `{"error":"e","missing":true}`, `[{"target":"dc1","service":"data","latency_ms":1}]`,
		`{"format":"xdc.twin-state/1","targets":[{"jobs":[{"toolkit":{"belief":"up"}}]}],"faults":[{"heal_s":1e999}]}`, `[{"name":"cut","networks":["10.0.0.0/8"]}]`, "<html>", "null", "",
	} {
		f.Add(200, []byte(s))
		f.Add(409, []byte(s))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		for _, ask := range []func(*Client) error{
			func(c *Client) error { _, err := c.Troubles(context.Background()); return err },
			func(c *Client) error { _, err := c.State(context.Background()); return err },
			func(c *Client) error { _, err := c.Locks(context.Background()); return err },
			func(c *Client) error { _, err := c.Links("h").Rules(context.Background()); return err },
			func(c *Client) error { _, err := c.Processes("h").List(context.Background()); return err },
			func(c *Client) error { return c.Lock(context.Background(), "t", "r", "o") },
		} {
			err := ask(&Client{url: "http://twin", http: &http.Client{Transport: said{status, strings.NewReader(string(body))}}})
			if status >= 300 && err == nil {
				t.Errorf("%d is taken for a success", status)
			}
			if held, ok := errors.AsType[*HeldError](err); ok && held.Error() == "" {
				t.Error("who holds the lock is not said")
			}
		}
	})
}

func TestAnAnswerIsReadUpToItsBound(t *testing.T) {
	sent := &counting{r: io.MultiReader(strings.NewReader(`["`), zeros{})}
	c := &Client{url: "http://twin", http: &http.Client{Transport: said{200, sent}}}
	if _, err := c.Troubles(t.Context()); err == nil {
		t.Error("an answer without an end is taken for one")
	}
	if sent.n > 9<<20 {
		t.Errorf("%d bytes were read", sent.n)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = '0'
	}
	return len(b), nil
}

type counting struct {
	r io.Reader
	n int
}

func (c *counting) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += n
	return n, err
}

// FuzzTrouble: what passes the check comes back from JSON as it was, and can be said.
func FuzzTrouble(f *testing.F) {
	for _, s := range []string{
		`{"target":"dc1","service":"data","endpoint":"In","job":"job.orders","latency_ms":200,"jitter_ms":50,"stall_rate":0.1,"stall_ms":1,"drop_rate":1,"error_rate":0.5,"statuses":[500,503]}`,
		`{"service":"management","skew_ms":-9223372036854775808}`, `{"service":"toolkit","latency_ms":1e3}`, `null`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var q Trouble
		if json.Unmarshal(b, &q) != nil || q.Check() != nil {
			return
		}
		if q.Nothing() != (q.String() == "") {
			t.Errorf("%+v is %q", q, q)
		}
		if len(q.Where()) > 3*mostName {
			t.Errorf("it is at %q", q.Where())
		}
		out, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		var back Trouble
		if err := json.Unmarshal(out, &back); err != nil {
			t.Fatal(err)
		}
		if len(q.Statuses) == 0 {
			q.Statuses, back.Statuses = nil, nil
		}
		if diff := cmp.Diff(q, back); diff != "" {
			t.Error(diff)
		}
	})
}
