package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/engine/event"
)

func write(tb testing.TB, events ...event.Payload) string {
	tb.Helper()
	name := filepath.Join(tb.TempDir(), FileName)
	w, err := Create(name, "20260102T030405Z-abcdefgh")
	if err != nil {
		tb.Fatal(err)
	}
	for i, p := range events {
		ev := event.Event{Seq: uint64(i + 1), At: time.Duration(i) * time.Second, Wall: time.Unix(int64(i), 0).UTC(), Body: p}
		if err := w.Accept(ev); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return name
}

func deed(step, kind string, p event.Phase) *event.DeedChanged {
	d := &event.DeedChanged{Step: step, Kind: kind, Phase: p}
	if p == event.Intended {
		d.Handle = json.RawMessage(`{"step":"` + step + `"}`)
	}
	return d
}

func TestReadsBackWhatWasWritten(t *testing.T) {
	name := write(t, &event.RunStarted{Run: "r"}, deed("fault.a.b", "fault", event.Intended),
		&event.Progress{Step: "seed.x.y"}, &event.RunFinished{Code: 2, Reason: "why"})
	rec, err := ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, ev := range rec.Events {
		kinds = append(kinds, event.Kind(ev.Body))
	}
	want := []string{"run_started", "deed_changed", "run_finished"} // running counts are left out
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Error(diff)
	}
	if rec.Torn || rec.Run != "20260102T030405Z-abcdefgh" {
		t.Errorf("torn=%v run=%q", rec.Torn, rec.Run)
	}
}

func TestAnyPrefixReadsBack(t *testing.T) {
	name := write(t, deed("fault.a.b", "fault", event.Intended), deed("fault.a.b", "fault", event.Injected), deed("job.x", "job", event.Intended))
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	first := len(lines[0])
	for n := first; n <= len(whole); n++ {
		rec, err := Read(bytes.NewReader(whole[:n]))
		if err != nil {
			t.Fatalf("prefix of %d bytes: %v", n, err)
		}
		complete := bytes.Count(whole[:n], []byte("\n")) - 1
		// A last line that lacks only its newline is whole: its checksum says so.
		if got := len(rec.Events); got != complete && got != complete+1 {
			t.Fatalf("prefix of %d bytes: got %d events, want %d", n, got, complete)
		}
		if rec.Intact > int64(n) {
			t.Fatalf("prefix of %d bytes: intact %d", n, rec.Intact)
		}
	}
}

func TestDamageInTheMiddleIsToldAndTheRestIsKept(t *testing.T) {
	name := write(t, deed("fault.a.b", "fault", event.Intended), deed("fault.c.d", "fault", event.Intended), deed("job.x", "job", event.Intended))
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(b, []byte("\n"))
	lines[2] = bytes.Replace(lines[2], []byte("fault.c.d"), []byte("fault.c.e"), 1)
	rec, err := Read(bytes.NewReader(bytes.Join(lines, nil)))
	if err == nil {
		t.Fatal("no error")
	}
	if got := len(Owing(rec.Events)); got != 2 {
		t.Errorf("got %d debts, want the two that can be read", got)
	}
	if len(rec.Damage) != 1 || rec.Torn {
		t.Errorf("damage=%v torn=%v", rec.Damage, rec.Torn)
	}
}

func TestAppendCutsATornLine(t *testing.T) {
	name := write(t, deed("fault.a.b", "fault", event.Intended))
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"seq":9,"t":1,"kind":"deed_cha`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	w, err := Append(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Accept(event.Event{Seq: 2, Body: deed("fault.a.b", "fault", event.Healed)}); err != nil {
		t.Fatal(err)
	}
	w.Close()
	rec, err := ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if len(rec.Events) != 2 || rec.Torn || len(Owing(rec.Events)) != 0 {
		t.Errorf("events=%d torn=%v owing=%v", len(rec.Events), rec.Torn, Owing(rec.Events))
	}
}

func TestNewerFormatNamesTheVersionNeeded(t *testing.T) {
	name := filepath.Join(t.TempDir(), "j")
	w, err := Create(name, "r")
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	f, _ := os.Create(name)
	nw := &Writer{f: f}
	if err := nw.line([]byte(`{"format":"xdc.journal/2","run":"r"}`)); err != nil {
		t.Fatal(err)
	}
	f.Close()
	_, err = ReadFile(name)
	var fe *FormatError
	if !errors.As(err, &fe) || fe.Got != "xdc.journal/2" {
		t.Errorf("got %v, want a FormatError", err)
	}
}

func TestOwingIsLatestFirstAndForgetsWhatIsHealed(t *testing.T) {
	var evs []event.Event
	for _, d := range []*event.DeedChanged{
		deed("job.x", "job", event.Intended), deed("fault.a.b", "fault", event.Intended), deed("fault.a.b", "fault", event.Verified),
		deed("fault.c.d", "fault", event.Intended), deed("fault.a.b", "fault", event.Healed), deed("job.k", "job", event.Intended),
		deed("job.k", "job", event.Kept),
	} {
		evs = append(evs, event.Event{Body: d})
	}
	var got []string
	for _, o := range Owing(evs) {
		got = append(got, o.Step)
	}
	if diff := cmp.Diff([]string{"fault.c.d", "job.x"}, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzRead(f *testing.F) {
	name := write(f, deed("fault.a.b", "fault", event.Intended), &event.RunFinished{Code: 0})
	b, err := os.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rec, err := Read(bytes.NewReader(b))
		if rec != nil {
			Owing(rec.Events)
			if rec.Intact > int64(len(b)) {
				t.Errorf("intact %d of %d bytes, err %v", rec.Intact, len(b), err)
			}
		}
	})
}
