package hosts

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/shell"
)

// box is a machine whose processors, memory and clock are made up.
type box struct {
	ahead time.Duration
	busy  float64 // share
	dead  bool
	began time.Time
}

func (b *box) Facts(context.Context) (providers.Facts, error) { return providers.Facts{}, nil }

func (b *box) Run(ctx context.Context, s shell.Script) (shell.Output, error) {
	if !s.Plain {
		return shell.Output{}, errors.New("it takes no privileges to look")
	}
	if b.dead {
		<-ctx.Done()
		return shell.Output{}, ctx.Err()
	}
	time.Sleep(20 * time.Millisecond)
	ticks := uint64(time.Since(b.began) / (10 * time.Millisecond))
	busy := uint64(b.busy * float64(ticks))
	at := time.Now().Add(b.ahead)
	time.Sleep(20 * time.Millisecond)
	return shell.Output{Stdout: fmt.Sprintf("cpu  %d 0 0 %d 0 0 0 0 77 0\nMemTotal: 1000\nMemAvailable: 250\nclock %d.%09d\n", 1000+busy, 500+ticks-busy, at.Unix(), at.Nanosecond())}, nil
}

func TestHostsAreWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		boxes := map[string]*box{"a": {busy: 0.25, ahead: 3 * time.Second, began: now}, "b": {dead: true, began: now}}
		target := providers.Target{Name: "dc1", Hosts: []providers.Host{{Name: "a"}, {Name: "b"}}}
		s, err := Provider().Connect(providers.Env{Machine: func(p providers.Place) (providers.Machine, error) { return boxes[p.Host], nil }}, target, nil)
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		last := map[string]providers.Reading{}
		o := s.(providers.Observer)
		for range 3 {
			began := time.Now()
			err := o.Observe(t.Context(), func(r providers.Reading) {
				mu.Lock()
				defer mu.Unlock()
				if r.Path == "host.a.reachable" && time.Since(began) > time.Second {
					t.Error("a host that does not answer delays another's samples")
				}
				last[r.Path] = r
			})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(o.Interval())
		}
		if !last["host.a.reachable"].Value.Bool || last["host.b.reachable"].Value.Bool {
			t.Errorf("reachable: %+v", last)
		}
		if got := last["host.a.cpu"].Value.Num; math.Abs(got-0.25) > 0.01 {
			t.Errorf("cpu %v", got)
		}
		if got := last["host.a.memory"].Value.Num; got != 0.75 {
			t.Errorf("memory %v", got)
		}
		if v := last["host.a.clock_offset"].Value; v.Low > 3 || v.High < 3 || v.High-v.Low > 0.05 {
			t.Errorf("clock offset %+v", v)
		}
		for _, what := range []string{"cpu", "memory", "clock_offset"} {
			if r, ok := last["host.b."+what]; ok {
				t.Errorf("something is known of a host that does not answer: %+v", r)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestWhatAHostSaysIsReadWithCare(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "",
		"cpu 1 2 3":                            "",
		"cpu 1 2 3 4":                          "cpu 6/10",
		"cpu 1 2 3 4 5 6 7 8 900 900":          "cpu 27/36",
		"cpu 1 x 3 4":                          "",
		"cpu 99999999999999999999 1 1 1":       "",
		"MemAvailable: 5\nMemTotal: 10":        "",
		"MemTotal: 10\nMemAvailable: 5":        "memory 0.5",
		"MemTotal: 10\nMemAvailable: 11":       "",
		"clock 5.5":                            "clock 5 1s",
		"clock 5.000000007":                    "clock 5 1ns",
		"clock":                                "",
		"motd: hello\nclock 7.%N\nMemTotal: x": "clock 7 1s",
	} {
		var got []string
		s := parse(text)
		if s.cpu != nil {
			got = append(got, fmt.Sprintf("cpu %d/%d", s.cpu.busy, s.cpu.all))
		}
		if s.memory != nil {
			got = append(got, fmt.Sprintf("memory %v", *s.memory))
		}
		if s.clock != nil {
			got = append(got, fmt.Sprintf("clock %d %s", s.clock.Unix(), s.grain))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("cpu  1 2 3 4 5 6 7 8 9 10\nMemTotal: 10 kB\nMemAvailable: 5 kB\nclock 1700000000.123456789\n")
	f.Add("clock 99999999999999.%N\ncpu 18446744073709551615 1 1 1")
	f.Fuzz(func(t *testing.T, text string) {
		s := parse(text)
		if s.memory != nil && (*s.memory < 0 || *s.memory > 1) {
			t.Errorf("memory %v", *s.memory)
		}
		if s.cpu != nil && s.cpu.busy > s.cpu.all {
			t.Errorf("%+v", *s.cpu)
		}
	})
}
