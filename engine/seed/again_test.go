package seed

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/value"
)

// flat is what is told again of a record, as one object.
func flat(o *measure.Original) string {
	var parts []string
	for _, f := range o.Fields {
		name, _ := json.Marshal(f.Name)
		parts = append(parts, string(name)+":"+string(f.Value))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// TestRecordsAreToldAgainAsTheyWereSent asks several readers at once for records in any order, while more are made.
func TestRecordsAreToldAgainAsTheyWereSent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lines := make([]string, 3000)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"id":"%d","text":"%s","n":%d.50}`, i, strings.Repeat("x", i%200), i)
		if i%7 == 0 {
			lines[i] = fmt.Sprintf(`{"n":null,"only here %d":[%d]}`, i, i)
		}
	}
	file := filepath.Join(dir, "a.jsonl")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	record := &value.Generator{Kind: "object", Names: []string{"id", "t", "k", "n", "s", "m", "o"}, Fields: []value.Generator{
		{Kind: "id"},
		{Kind: "time"},
		{Kind: "key", Max: 7},
		{Kind: "number", Max: 3},
		{Kind: "text", Size: 20},
		{Kind: "template", Template: `a"{id}<{seq}>{key}{time}{nothing}`},
		{Kind: "list", Items: []value.Generator{{Kind: "number", Max: 1}, {Kind: "seq"}}},
	}}
	for _, spec := range []program.Seed{
		{Rate: 1000, Record: record},
		{Rate: 1000, Arrivals: "poisson", Record: record, Stages: []program.RateStage{{Duration: value.Duration(time.Second), Rate: 10, Ramp: true}}, Records: 3000},
		{Rate: 1000, File: file},
	} {
		start := time.Unix(1_700_000_000, 123)
		l := NewLedger(spec, dir)
		opt := Options{Spec: spec, Step: "s", RunSeed: 3, Start: start, Ledger: l}
		src, err := open(opt)
		if err != nil {
			t.Fatal(err)
		}
		s := newSender(opt, src)
		var mu sync.Mutex
		var sent []string
		var readers sync.WaitGroup
		for r := range 3 {
			again := src.again(s.when())
			readers.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(r), 1))
				for range 3000 {
					mu.Lock()
					n := len(sent)
					mu.Unlock()
					if n == 0 {
						continue
					}
					i := rng.IntN(n)
					o, err := again.Again(int64(i))
					mu.Lock()
					want := sent[i]
					mu.Unlock()
					if err != nil || flat(o) != want {
						t.Errorf("record %d is told again as %s (%v), and was %s", i, flat(o), err, want)
						return
					}
					if due, _ := s.when()(int64(i)); o.Due != due {
						t.Errorf("record %d is said to be due at %s, and was at %s", i, o.Due, due)
						return
					}
				}
			})
		}
		for i := range int64(3000) {
			due, _ := s.schedule.next()
			it, err := src.next(i, s.zero.Add(due))
			if err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			sent = append(sent, string(it.raw))
			mu.Unlock()
		}
		readers.Wait()
		if _, err := src.again(s.when()).Again(3000); spec.File != "" && err == nil {
			t.Error("a record is told that the file does not have")
		}
		if err := errors.Join(src.close(), l.Close()); err != nil {
			t.Error(err)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "scratch-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%v is left behind (%v)", left, err)
	}
}

func TestOfSeveralFieldsWithOneNameTheLastCounts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var seen map[string]int
		var fields []measure.Field
		for range 3 { // in place of those of the record before
			names := rapid.SliceOf(rapid.SampledFrom([]string{"a", "b", "c", "d"})).Draw(t, "names")
			var parts []string
			for i, n := range names {
				parts = append(parts, fmt.Sprintf("%q:%d", n, i))
			}
			raw := "{" + strings.Join(parts, ",") + "}"
			fields = fieldsOf([]byte(raw), fields, &seen)
			var want map[string]json.RawMessage
			if err := json.Unmarshal([]byte(raw), &want); err != nil {
				t.Fatal(err)
			}
			if len(fields) != len(want) {
				t.Fatalf("%s has the fields %v", raw, fields)
			}
			for _, f := range fields {
				if string(want[f.Name]) != string(f.Value) {
					t.Fatalf("%s has the fields %s", raw, fields)
				}
			}
		}
	})
}

func TestAFileThatCannotBeKeptIsAnError(t *testing.T) {
	t.Parallel()
	l := NewLedger(program.Seed{}, filepath.Join(t.TempDir(), "no such folder"))
	src := &fileSource{name: "a", read: must(reader(strings.NewReader(strings.Repeat(`{"a":"`+strings.Repeat("x", 1000)+"\"}\n", 200)), "jsonl")), kept: newSpool(l)}
	var err error
	for i := int64(0); err == nil; i++ {
		_, err = src.next(i, time.Time{})
	}
	if errors.Is(err, io.EOF) {
		t.Error("the records were not kept, and nothing says so")
	}
}
