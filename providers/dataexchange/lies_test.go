package dataexchange

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers"
)

// A service whose stamps are in the future would be asked for nothing for ever: it is read from the date of its answers on, every
// item comes once, and it is said, once.
func TestStampsInTheFutureSkipNothing(t *testing.T) {
	for _, tc := range []struct {
		name  string
		ahead time.Duration
		date  func() string // of the answers; nil: the server's
		said  int
	}{
		{"an hour", time.Hour, nil, 1},
		{"to the end of time", 1 << 62, nil, 1},
		{"with a clock that is an hour ahead as a whole", time.Hour, func() string { return time.Now().Add(time.Hour).UTC().Format(http.TimeFormat) }, 0},
		{"two days, without a date", 48 * time.Hour, func() string { return "" }, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world) {
				s, err := w.feed.session("dc1")
				if err != nil {
					t.Fatal(err)
				}
				said := 0
				s.env.Note = func(subject, text string) {
					said++
					if subject != "dc1 endpoint Results" || !strings.Contains(text, stampHeader) {
						t.Errorf("it is said: %s: %s", subject, text)
					}
				}
				sink := &sink{size: 1000, inclusive: true}
				w.mux.HandleFunc("/out", func(rw http.ResponseWriter, r *http.Request) {
					since, err := strconv.ParseInt(r.Header.Get(sinceHeader), 10, 64)
					if err != nil {
						t.Error(err)
					}
					if tc.date != nil && tc.date() != "" {
						since -= time.Hour.Milliseconds() // the service's stamps are of its own clock
					}
					p := sink.get(max(since, 0), time.Now().UnixMilli())
					lie := time.Now().UnixMilli() + tc.ahead.Milliseconds()
					rw.Header()[stampHeader] = []string{strconv.FormatInt(lie, 10)}
					if tc.date != nil {
						rw.Header()["Date"] = nil
						if d := tc.date(); d != "" {
							rw.Header()["Date"] = []string{d}
						}
					}
					var items []string
					for _, it := range p.items {
						items = append(items, string(it))
					}
					fmt.Fprintf(rw, `{"items":[%s]}`, strings.Join(items, ","))
				})
				o := w.outlet(t, `{"endpoint":"Results","job":"job.orders"}`)
				seen := map[string]int{}
				for n := range 40 {
					sink.put(time.Now().UnixMilli(), fmt.Sprintf(`{"id":%d}`, n))
					<-time.After(300 * time.Millisecond)
					out, err := o.Read(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if out.Gap != nil {
						t.Errorf("read %d: a gap (%s)", n, out.Gap.Cause)
					}
					for _, it := range out.Items {
						seen[string(it)]++
					}
				}
				for n := range 40 {
					if got := seen[fmt.Sprintf(`{"id":%d}`, n)]; got != 1 {
						t.Errorf("item %d came %d times", n, got)
					}
				}
				if said != tc.said {
					t.Errorf("said %d times, want %d", said, tc.said)
				}
			})
		})
	}
}

// A service that asks to be left alone is, for a while that is bounded.
func TestAServiceThatAsksForItIsLeftAlone(t *testing.T) {
	for _, tc := range []struct {
		after string
		want  time.Duration
	}{{"4", 4 * time.Second}, {"86400", maxRest}, {"Fri, 31 Dec 9999 23:59:59 GMT", maxRest}, {"soon", 0}} {
		in(t, func(t *testing.T, w *world) {
			var asked []time.Time
			w.mux.HandleFunc("/out", func(rw http.ResponseWriter, _ *http.Request) {
				if asked = append(asked, time.Now()); len(asked) == 1 {
					rw.Header().Set("Retry-After", tc.after)
					rw.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				_, _ = io.WriteString(rw, `{"items":[{"id":1}]}`)
			})
			o := w.outlet(t, `{"endpoint":"Results","job":"job.orders"}`)
			refused := 0
			for {
				out, err := o.Read(t.Context())
				if err == nil && len(out.Items) == 1 {
					break
				}
				if refused++; !strings.Contains(err.Error(), "503") {
					t.Errorf("it says %v", err)
				}
				<-time.After(100 * time.Millisecond)
			}
			if got := asked[1].Sub(asked[0]).Round(100 * time.Millisecond); len(asked) != 2 || got != max(tc.want, 100*time.Millisecond) {
				t.Errorf("Retry-After %s: asked %d times, %s apart; want %s", tc.after, len(asked), got, tc.want)
			}
			if refused < 1 {
				t.Error("nothing was refused")
			}
		})
	}
}

// An endpoint that is published late is waited for: nothing is refused meanwhile, and it is used as soon as it is there.
func TestAnEndpointThatIsPublishedLateIsWaitedFor(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		listing := w.listing
		w.listing = `{"jobs":[]}`
		w.mux.HandleFunc("/in", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNoContent) })
		w.mux.HandleFunc("/out", func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, `{"items":[{"id":1}]}`) })
		i, o := w.inlet(t, ordersArgs), w.outlet(t, `{"endpoint":"Results","job":"job.orders"}`)
		for range 5 {
			r := i.Send(t.Context(), items(1))
			if r.Outcome != providers.Unreached || !strings.Contains(r.Err.Error(), "it may not be published yet") {
				t.Fatalf("outcome %d: %v", r.Outcome, r.Err)
			}
			if _, err := o.Read(t.Context()); err == nil || !strings.Contains(err.Error(), "it may not be published yet") {
				t.Fatalf("read: %v", err)
			}
			<-time.After(time.Second)
		}
		w.listing = listing
		if r := i.Send(t.Context(), items(1)); r.Err != nil {
			t.Error(r.Err)
		}
		if out, err := o.Read(t.Context()); err != nil || len(out.Items) != 1 || out.Gap != nil {
			t.Errorf("read %+v: %v", out, err)
		}
	})
}
