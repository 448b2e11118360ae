package twin

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers/twin/control"
)

func TestTheLanguageKnowsEveryApplication(t *testing.T) {
	want := schema.Applications()
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(models))); diff != "" {
		t.Error(diff)
	}
}

// The reference's worked example (section 11), and what its types do to other records.
func TestTheCalculatorCalculates(t *testing.T) {
	for _, c := range []struct{ in, op, want string }{
		{`{"x":2,"y":20}`, "add", `{"x":2,"y":20,"result":22,"op":"add"}`},
		{`{"x":3,"y":30}`, "multiply", `{"x":3,"y":30,"result":90,"op":"multiply"}`},
		{`{"x":1,"y":4}`, "divide", `{"x":1,"y":4,"result":0.25,"op":"divide"}`},
		{`{"x":1,"y":0}`, "divide", `{"x":1,"y":0,"result":null,"op":"divide"}`},
		{`{"x":0.1,"more":true}`, "subtract", `{"x":0.1,"y":0,"result":0.1,"op":"subtract"}`},
	} {
		if got := string(calculate(json.RawMessage(c.in), c.op)); got != c.want {
			t.Errorf("%s of %s is %s, want %s", c.op, c.in, got, c.want)
		}
	}
}

// The calculator is one operator with two endpoints, and each has a buffer of its own.
func TestTheCalculatorServesTheReferencesSession(t *testing.T) {
	cfg := pairOf(5*time.Second, 4, &record{}, 1)
	cfg.Key = "x"
	cfg.Jobs[0].Application = "calculator"
	cfg.Jobs[0].Endpoints = []Endpoint{{Name: "Operands", BufferSize: 3}}
	in(t, cfg, func(t *testing.T, w *Twin, _ *control.Client) {
		time.Sleep(10 * time.Second)
		j := w.dcs[0].snapshotJobs()[0]
		put := func(name string, items ...string) int {
			e, ok := j.app.endpoint(name)
			if !ok {
				t.Fatalf("there is no %s", name)
			}
			var raw []json.RawMessage
			for _, it := range items {
				raw = append(raw, json.RawMessage(it))
			}
			return j.app.accept(e, raw)
		}
		if n := put("IncomingRequest_Operands", `{"x":2,"y":20}`); n != 1 {
			t.Fatalf("took %d", n)
		}
		time.Sleep(time.Second)
		put("IncomingRequest_OperationStream", `{"op":"multiply"}`)
		time.Sleep(time.Second)
		if n := put("IncomingRequest_Operands", `{"x":3,"y":30}`, `{"x":4,"y":1}`, `{"x":5,"y":1}`, `{"x":6,"y":1}`); n != 3 {
			t.Errorf("took %d of 4 with a buffer of 3", n)
		}
		if n := put("IncomingRequest_OperationStream", `{"op":"add"}`); n != 1 {
			t.Error("a full buffer of one endpoint is none of the other's")
		}
		time.Sleep(time.Second)
		items, next, _ := j.app.sinks["CalculationResult_Results"].since(0)
		var got []string
		for _, it := range items {
			got = append(got, string(it))
		}
		want := []string{
			`{"x":2,"y":20,"result":22,"op":"add"}`, `{"x":3,"y":30,"result":33,"op":"add"}`, `{"x":4,"y":1,"result":5,"op":"add"}`, `{"x":5,"y":1,"result":6,"op":"add"}`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if items, _, _ := j.app.sinks["CalculationResult_Results"].since(next + 1); len(items) > 0 {
			t.Errorf("%d came twice", len(items))
		}
		if d := cmp.Diff([]string{"IncomingRequest"}, j.graph.named(sourcePE)); d != "" {
			t.Error(d)
		}
	})
}

func TestASinkThatIsConsumedGivesEachTupleOnce(t *testing.T) {
	var evicted []string
	r := newRing(3, true, func() time.Duration { return 0 }, func(id string) { evicted = append(evicted, id) })
	push := func(from, to int) {
		for i := from; i <= to; i++ {
			r.push(strconv.Itoa(i), json.RawMessage(strconv.Itoa(i)))
		}
	}
	push(1, 2)
	if items, _, gap := r.since(0); len(items) != 2 || gap {
		t.Errorf("read %d, gap %v", len(items), gap)
	}
	push(3, 4)
	items, place, gap := r.after(fromTheStart, 1)
	if len(items) != 1 || string(items[0]) != "3" || gap {
		t.Errorf("read %s, gap %v", items, gap)
	}
	if items, _, gap = r.after(place, 9); len(items) != 1 || string(items[0]) != "4" || gap {
		t.Errorf("read %s, gap %v", items, gap)
	}
	push(5, 8)
	if diff := cmp.Diff([]string{"5"}, evicted); diff != "" {
		t.Error(diff)
	}
	if items, _, gap = r.after(place+1, 9); len(items) != 3 || !gap {
		t.Errorf("read %s, gap %v: one was dropped", items, gap)
	}
}
