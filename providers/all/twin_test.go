package all_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/all"
	"github.com/xdc-project/xdc/providers/providertest"
)

// declared finds the signal that a path is one of.
func declared(path string) (schema.Signal, bool) {
	for _, s := range all.Registry().Signals() {
		if fits(s.Path, path) {
			return s, true
		}
	}
	return schema.Signal{}, false
}

// fits compares a path with a pattern in which * is a name and [*] an index.
func fits(pattern, path string) bool {
	p, q := split(pattern), split(path)
	if len(p) != len(q) {
		return false
	}
	for i := range p {
		pn, pi, _ := strings.Cut(p[i], "[")
		qn, qi, _ := strings.Cut(q[i], "[")
		if pn != "*" && pn != qn || (pi == "") != (qi == "") {
			return false
		}
	}
	return true
}

// split cuts a path at its dots, but not inside an index.
func split(path string) []string {
	var out []string
	start, depth := 0, 0
	for i, r := range path {
		switch {
		case r == '[':
			depth++
		case r == ']':
			depth--
		case r == '.' && depth == 0:
			out = append(out, path[start:i])
			start = i + 1
		}
	}
	return append(out, path[start:])
}

// Every signal that a provider makes is one that plans may name, of the type that conditions are checked with; and
// every one that plans may name is made.
func TestSignalsAreWhatTheSchemaSays(t *testing.T) {
	inTwin(t, "wait \"x\" {\nuntil = \"dc1.instance.health is healthy\"\ntimeout = \"9s\"\n}\n", func(t *testing.T, w *providertest.World) {
		seen := map[string]bool{}
		var sessions []providers.Session
		for _, name := range []string{"streams", "toolkit"} {
			s, err := w.Env.Session("dc1", name)
			if err != nil {
				t.Fatal(err)
			}
			sessions = append(sessions, s)
		}
		p, _ := all.Registry().Provider("toolkit")
		infer, overview := p.Infer("dc1", w.Env.Jobs), p.Overview(w.Env.Jobs)
		note := func(path string, v signal.Value) {
			s, ok := declared(path)
			switch {
			case !ok:
				t.Errorf("%s is no signal of the schema", path)
			case s.Type.Kind != v.Kind:
				t.Errorf("%s is a %s and the schema says %s", path, v.Kind, s.Type)
			case s.Type.Enum != nil && !s.Type.Enum.Open && !s.Type.Enum.Has(v.Text):
				t.Errorf("%s is %q, which is none of %v", path, v.Text, s.Type.Enum.Values)
			}
			seen[s.Path] = true
		}
		start := time.Now()
		for range 90 {
			<-time.After(time.Second)
			for _, session := range sessions {
				err := session.(providers.Observer).Observe(t.Context(), func(r providers.Reading) {
					note(r.Path, r.Value)
					in := signal.Sample{Signal: "dc1." + r.Path, Value: r.Value, Low: r.Low.Sub(start), High: r.High.Sub(start)}
					for _, c := range append(infer.Infer(in), in) {
						note(strings.TrimPrefix(c.Signal, "dc1."), c.Value)
						for _, both := range overview.Infer(c) {
							note(both.Signal[strings.Index(both.Signal, ".")+1:], both.Value)
						}
					}
				})
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, s := range all.Registry().Signals() {
			if p, _ := all.Registry().Provider(s.Provider); p.Outside || p.Machines {
				continue // a twin has nothing for it to look at
			}
			// The twin's application has no custom metrics. clock_offset is measured where a condition names it, and a test of
			// the provider's own holds that.
			if !seen[s.Path] && s.Path != "job.*.metric[*]" && s.Path != "clock_offset" {
				t.Errorf("%s can be named in plans and is never made", s.Path)
			}
		}
	})
}

func TestRecordsGoInAndComeOut(t *testing.T) {
	inTwin(t, "wait \"x\" {\nuntil = \"dc1.instance.health is healthy\"\ntimeout = \"9s\"\n}\n", func(t *testing.T, w *providertest.World) {
		typ, _, _ := all.Registry().Seed("data_exchange")
		f := typ.New(w.Env)
		inlet, err := f.Inlet(t.Context(), "dc1", json.RawMessage(`{"endpoint":"Orders","job":"job.orders"}`))
		if err != nil {
			t.Fatal(err)
		}
		outlet, err := f.Outlet(t.Context(), "dc1", json.RawMessage(`{"endpoint":"Results","job":"job.orders"}`))
		if err != nil {
			t.Fatal(err)
		}
		if out, err := outlet.Read(t.Context()); err != nil || len(out.Items) != 0 || out.Gap != nil {
			t.Fatalf("before anything was sent: %+v, %v", out, err)
		}
		var ids []string
		for batch := range 40 {
			var items []json.RawMessage
			for i := range 25 {
				items = append(items, json.RawMessage(fmt.Sprintf(`{"event_id":"e%d","value":1}`, batch*25+i)))
			}
			if r := inlet.Send(t.Context(), items); r.Outcome != providers.Accepted || r.Accepted != 25 {
				t.Fatalf("batch %d: %+v", batch, r)
			}
			<-time.After(100 * time.Millisecond)
			ids = append(ids, read(t, outlet)...)
		}
		for range 20 {
			<-time.After(time.Second)
			ids = append(ids, read(t, outlet)...)
		}
		slices.Sort(ids)
		if n := len(ids); n != 1000 || len(slices.Compact(ids)) != 1000 {
			t.Errorf("%d records came out, %d of them different; 1000 were sent", n, len(slices.Compact(ids)))
		}
	})
}

func read(t *testing.T, o providers.Outlet) []string {
	t.Helper()
	out, err := o.Read(t.Context())
	if err != nil || out.Gap != nil {
		t.Fatalf("read: gap %+v, %v", out.Gap, err)
	}
	var ids []string
	for _, it := range out.Items {
		var x struct {
			ID string `json:"event_id"`
		}
		if err := json.Unmarshal(it, &x); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, x.ID)
	}
	return ids
}
