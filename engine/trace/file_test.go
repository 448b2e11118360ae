package trace

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/lang/signal"
)

func TestTraceReadsBackExactly(t *testing.T) {
	samples := []signal.Sample{
		{Signal: "dc1.reachable", Value: signal.BoolVal(true), Low: 1, High: 2 * time.Millisecond, ValidFor: 3 * time.Second},
		{Signal: `dc1.job.orders.operator["S \"x\""].tuples_out`, Value: signal.NumberVal(1 << 53), Low: 5, High: 6, Evidence: "because <&>"},
		{Signal: "wait.t.rto", Value: signal.Bounded(signal.Duration, math.Inf(1), 31.5, math.Inf(1)), Low: 7, High: 7},
		{Signal: "wait.t.rto", Value: signal.Bounded(signal.Duration, 34, 31.5, 34), Low: 8, High: 8},
		{Signal: "dc1.job.orders.health", Value: signal.EnumVal("healthy"), Low: 9, High: 10},
		{Signal: "dc1.reachable", Value: signal.BoolVal(false), Low: 11, High: 12, Evidence: "no route"},
	}
	var buf bytes.Buffer
	w := NewWriter(&buf)
	for i := range samples {
		samples[i].Seq = uint64(i + 1)
		if err := w.Sample(samples[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Happened("fault.a.b.injected", signal.Span{Low: 3, High: 4 * time.Second}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var got []signal.Sample
	events := map[string]signal.Span{}
	err := Read(bytes.NewReader(buf.Bytes()), func(s signal.Sample) { got = append(got, s) }, func(n string, s signal.Span) { events[n] = s })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(samples, got); diff != "" {
		t.Error(diff)
	}
	if got := events["fault.a.b.injected"]; got.High != 4*time.Second {
		t.Errorf("event: %v", got)
	}
	torn := buf.Bytes()[:buf.Len()-7]
	if err := Read(bytes.NewReader(torn), nil, nil); err != nil {
		t.Errorf("a torn last line: %v", err)
	}
	if err := Read(bytes.NewReader([]byte("PK\x03\x04")), nil, nil); err == nil {
		t.Error("a foreign file was read as a trace")
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"format":"xdc.trace/1"}` + "\n" + `{"signal":1,"name":"a.b","kind":"bool"}` + "\n[1,0,1,2,true]\n"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		_ = Read(bytes.NewReader(b), func(signal.Sample) {}, func(string, signal.Span) {})
	})
}
