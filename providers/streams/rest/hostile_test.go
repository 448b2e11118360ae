package rest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/providers/https"
	"github.com/xdc-project/xdc/providers/providertest"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// endless writes until nobody reads any more.
func endless(w http.ResponseWriter, piece string) {
	for {
		if _, err := io.WriteString(w, piece); err != nil {
			return
		}
	}
}

func bomb() []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(bytes.Repeat([]byte(" "), 10<<20)) // to memory
	_ = z.Close()
	return b.Bytes()
}

func TestWhatAHostileServerDoesIsBoundedAndNamed(t *testing.T) {
	packed := bomb()
	const jobs = "list the jobs at dc1: GET https://streams.example.com:8443/streams/jobs: "
	for name, tc := range map[string]struct {
		serve http.HandlerFunc
		want  string
	}{
		"a body without an end": {func(w http.ResponseWriter, _ *http.Request) {
			endless(w, strings.Repeat(" ", 1<<16))
		}, jobs + "the answer is too large: more than 33554432 bytes; check that `url` names the service and not something else in the streams block of target dc1"},
		"headers without an end": {func(w http.ResponseWriter, _ *http.Request) {
			for i := range 5000 {
				w.Header().Set(fmt.Sprint("X-", i), strings.Repeat("x", 100))
			}
		}, jobs + "the connection broke before an answer came: net/http: HTTP/1.x transport connection broken: net/http: server response headers exceeded 262144 bytes; aborted; look at the server's log; a proxy or a load balancer in between may have cut the connection"},
		"an answer that ends early": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"jobs":[`)
		}, jobs + "the answer ended before its end: unexpected EOF; look at the server's log; a proxy or a load balancer in between may have cut the connection"},
		"an answer that never comes": {
			func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			jobs + "no whole answer came in time: nothing within 20s; check that the address is right and that no firewall drops the packets, or raise `timeout` in the streams block of target dc1",
		},
		"an answer that drips": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, " ")
				_ = http.NewResponseController(w).Flush()
				select {
				case <-r.Context().Done():
				case <-time.After(time.Second):
				}
			}
		}, jobs + "no whole answer came in time: nothing within 20s; check that the address is right and that no firewall drops the packets, or raise `timeout` in the streams block of target dc1"},
		"a page for browsers": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "<html><script>alert(1)</script></html>")
		}, jobs + "the answer is not the JSON object that was expected; check that `url` is the root of the Streams REST management API"},
		"a packed body nobody asked for": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed)
		}, jobs + "the answer is not the JSON object that was expected"},
		"pages without an end": {func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Fprintf(w, `{"jobs":[{"id":"1"}],"next":"/streams/jobs?page=%s1"}`, r.URL.Query().Get("page"))
		}, "list the jobs at dc1: the list has no end: more than 200 pages or 200000 elements"},
		"pages in a circle": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"jobs":[{"id":"1"}],"next":"https://elsewhere/streams/jobs"}`)
		}, "list the jobs at dc1: the list goes in a circle: its page /streams/jobs is one that was read already"},
		"more elements than fit": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"jobs":[`+strings.Repeat(`{},`, 200_001)+`{}]}`)
		}, "list the jobs at dc1: the list has no end: more than 200 pages or 200000 elements"},
	} {
		t.Run(name, func(t *testing.T) {
			h := api{"GET /streams/jobs": tc.serve}
			with(t, h, nil, func(t *testing.T, c *rest.Client) {
				_, err := c.Jobs(t.Context(), rest.Instance{Jobs: "/streams/jobs"})
				got := fmt.Sprint(err)
				if name == "a packed body nobody asked for" {
					got = got[:min(len(got), len(tc.want))] // what follows is the beginning of the bytes
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestATotalThatLiesChangesNothing(t *testing.T) {
	for _, total := range []string{"0", "-1", "99999999999999999999", `"many"`, "null"} {
		with(t, api{"GET /streams/jobs": says(`{"total":` + total + `,"jobs":[{"id":"1","status":"neverHeardOf","new":{}},{"id":2}]}`)}, nil, func(t *testing.T, c *rest.Client) {
			got, err := c.Jobs(t.Context(), rest.Instance{Jobs: "/streams/jobs"})
			if err != nil || len(got) != 2 || got[0].Status != "neverHeardOf" || got[1].ID != "2" {
				t.Errorf("total %s: %+v, %v", total, got, err)
			}
		})
	}
}

func TestAServerThatFlapsIsAskedThreeTimes(t *testing.T) {
	for fails, want := range map[int]int{1: 2, 2: 3, 3: 3} {
		asked := 0
		h := api{"GET /streams/jobs": func(w http.ResponseWriter, _ *http.Request) {
			if asked++; asked <= fails {
				panic(http.ErrAbortHandler)
			}
			_, _ = io.WriteString(w, `{"jobs":[]}`)
		}}
		with(t, h, nil, func(t *testing.T, c *rest.Client) {
			_, err := c.Jobs(t.Context(), rest.Instance{Jobs: "/streams/jobs"})
			if asked != want || (err == nil) != (fails < 3) {
				t.Errorf("%d failures: asked %d times, %v", fails, asked, err)
			}
		})
	}
}

func TestAnotherOriginNeverSeesCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, ca := providertest.NewNetwork(), providertest.NewAuthority(t)
		until := time.Now().Add(time.Hour)
		h := api{
			"GET /streams/jobs": func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "https://elsewhere:8443/streams/jobs", http.StatusTemporaryRedirect)
			},
			"POST /streams/jobs": func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "https://elsewhere:8443/streams/jobs", http.StatusPermanentRedirect)
			},
			"GET /streams/pages": says(`{"jobs":[],"next":"https://elsewhere:8443/streams/last"}`),
			"GET /streams/last":  says(`{"jobs":[]}`),
		}
		n.Serve(t, host, ca.Certificate(t, "streams.example.com", until), h)
		var stolen []string
		n.Serve(t, "elsewhere:8443", ca.Certificate(t, "elsewhere", until), http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			stolen = append(stolen, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
		}))
		pool, err := https.NewPool(https.Options{Dial: n.Dial, CA: ca.CA})
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		c, err := rest.New(rest.Config{
			Target: "dc1", URL: "https://" + host, Username: "xdc", Pool: pool,
			Password: func(context.Context) (string, error) { return password, nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{
			func() error {
				_, err := c.Jobs(t.Context(), rest.Instance{Jobs: "https://elsewhere:8443/streams/jobs"})
				return err
			}(),
			c.Send(t.Context(), "submit", http.MethodPost, "https://elsewhere:8443/streams/jobs", []byte(`{}`)),
		} {
			if err == nil || !strings.Contains(err.Error(), "the server redirects elsewhere, and credentials are not sent there") || strings.Contains(err.Error(), password) {
				t.Errorf("it says %v", err)
			}
		}
		if _, err := c.Jobs(t.Context(), rest.Instance{Jobs: "/streams/pages"}); err != nil {
			t.Error(err)
		}
		if len(stolen) > 0 {
			t.Errorf("the other server received %v", stolen)
		}
	})
}
