package plan

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/value"
)

func TestExtentOfSeeds(t *testing.T) {
	sec := func(n float64) value.Duration { return value.Duration(n * float64(time.Second)) }
	for name, tc := range map[string]struct {
		seed            program.Seed
		records, length float64
	}{
		"by records":            {program.Seed{Rate: 10, Records: 50}, 50, 5},
		"by duration":           {program.Seed{Rate: 10, Duration: sec(7)}, 70, 7},
		"records come first":    {program.Seed{Rate: 10, Records: 50, Duration: sec(7)}, 50, 5},
		"duration comes first":  {program.Seed{Rate: 10, Records: 500, Duration: sec(7)}, 70, 7},
		"stages":                {program.Seed{Rate: 1, Duration: sec(20), Stages: []program.RateStage{{Duration: sec(10), Rate: 5}, {Duration: sec(10), Rate: 1}}}, 60, 20},
		"a ramp from the rate":  {program.Seed{Rate: 10, Duration: sec(10), Stages: []program.RateStage{{Duration: sec(10), Rate: 20, Ramp: true}}}, 150, 10},
		"a ramp and records":    {program.Seed{Rate: 0, Duration: sec(10), Records: 25, Stages: []program.RateStage{{Duration: sec(10), Rate: 10, Ramp: true}}}, 25, math.Sqrt(50)},
		"stages with no record": {program.Seed{Duration: sec(10), Stages: []program.RateStage{{Duration: sec(10)}}}, 0, 10},
	} {
		t.Run(name, func(t *testing.T) {
			records, length := extent(&tc.seed)
			if math.Abs(records-tc.records) > 1e-6 || math.Abs(length-tc.length) > 1e-6 {
				t.Errorf("got %v records in %vs, want %v in %vs", records, length, tc.records, tc.length)
			}
		})
	}
}

func TestDueAtIsTheInverseOfDueBy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &program.Seed{Rate: rapid.Float64Range(0.1, 1000).Draw(t, "rate")}
		for range rapid.IntRange(0, 4).Draw(t, "stages") {
			s.Stages = append(s.Stages, program.RateStage{
				Duration: value.Duration(rapid.Int64Range(1, int64(time.Minute)).Draw(t, "duration")),
				Rate:     rapid.Float64Range(0, 1000).Draw(t, "stage rate"), Ramp: rapid.Bool().Draw(t, "ramp"),
			})
		}
		n := rapid.Float64Range(1, 1e4).Draw(t, "n")
		at, ok := dueAt(s, n)
		if !ok {
			return
		}
		if got := dueBy(s, at); math.Abs(got-n) > 1e-3*n {
			t.Fatalf("the %v-th record is due at %v, and then %v are", n, at, got)
		}
	})
}

func TestSnapshotsComeAtTheEffectivePeriodOfTheReference(t *testing.T) {
	for _, tc := range [][3]int{{30, 180, 150}, {30, 60, 30}, {30, 90, 60}, {30, 30, 30}, {20, 50, 80}} {
		got := everySnapshot(time.Duration(tc[0])*time.Second, time.Duration(tc[1])*time.Second)
		if got.D() != time.Duration(tc[2])*time.Second {
			t.Errorf("every %d s with heartbeats every %d s: %v, want %d s", tc[1], tc[0], got, tc[2])
		}
	}
}

func TestLongListsOfNamesAreShortened(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	if got := heldWords(0, names); got != "held until a, b, c, d, e, … 2 more …, h" {
		t.Errorf("got %q", got)
	}
	if got := heldWords(0, names[:2]); got != "held until a, b" {
		t.Errorf("got %q", got)
	}
	if got := heldWords(value.Duration(time.Minute), nil); got != "held 1m" {
		t.Errorf("got %q", got)
	}
}
