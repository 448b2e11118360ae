package exec

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/xdc-project/xdc/providers"
)

// stages replaces a fault's parameters in place as its stage blocks say.
type stages struct {
	run   *run
	st    *step
	life  *life
	from  time.Duration // when the first stage began
	plan  []stagePoint
	index int
	timer *time.Timer
}

// stagePoint is the moment, counted from the verified injection, at which arguments take effect.
type stagePoint struct {
	at   time.Duration
	args json.RawMessage
}

// rampStep is how often a ramp moves.
const rampStep = time.Second

func (r *run) newStages(st *step, l *life) *stages {
	s := &stages{run: r, st: st, life: l, from: l.injected.High, timer: time.NewTimer(time.Hour)}
	s.timer.Stop()
	if _, ok := l.deed.(providers.Stager); ok {
		s.plan = stagePoints(st)
		s.index = min(1, len(s.plan)) // the first was injected
	}
	s.arm()
	return s
}

// firstArgs are the arguments that are injected: those of the first stage, if there are stages.
func firstArgs(st *step, deed providers.Deed, args json.RawMessage) json.RawMessage {
	if _, ok := deed.(providers.Stager); !ok {
		return args
	}
	if points := stagePoints(st); len(points) > 0 {
		return points[0].args
	}
	return args
}

// stagePoints lays the stages out in time. The first stage begins with the injection. A ramp goes from the
// stage before (or the fault's own arguments) to its own in steps of a second.
func stagePoints(st *step) []stagePoint {
	var out []stagePoint
	at := time.Duration(0)
	before := st.Args
	for _, sg := range st.Fault.Stages {
		if !sg.Ramp {
			out = append(out, stagePoint{at, sg.Args})
		} else {
			n := max(int(sg.Duration.D()/rampStep), 1)
			for i := 1; i <= n; i++ {
				out = append(out, stagePoint{at + time.Duration(i-1)*sg.Duration.D()/time.Duration(n), interpolate(before, sg.Args, float64(i)/float64(n))})
			}
		}
		at += sg.Duration.D()
		before = sg.Args
	}
	return out
}

// interpolate mixes the numbers (and durations) of two argument objects; what is not a number comes from to.
func interpolate(from, to json.RawMessage, share float64) json.RawMessage {
	var a, b map[string]any
	if json.Unmarshal(from, &a) != nil || json.Unmarshal(to, &b) != nil {
		return to
	}
	for k, v := range b {
		switch v := v.(type) {
		case float64:
			if u, ok := a[k].(float64); ok {
				b[k] = u + (v-u)*share
			}
		case string:
			u, ok := a[k].(string)
			du, err1 := time.ParseDuration(u)
			dv, err2 := time.ParseDuration(v)
			if ok && err1 == nil && err2 == nil {
				mixed := du + time.Duration(float64(dv-du)*share)
				b[k] = mixed.Round(time.Millisecond).String()
			}
		}
	}
	out, err := json.Marshal(b)
	if err != nil {
		return to
	}
	return out
}

func (s *stages) next() <-chan time.Time { return s.timer.C }

func (s *stages) stop() { s.timer.Stop() }

func (s *stages) arm() {
	if s.index < len(s.plan) {
		s.timer.Reset(max(s.from+s.plan[s.index].at-s.run.now(), 1))
	}
}

// enter puts the stage whose time has come in force.
func (s *stages) enter() error {
	ctx, cancel := context.WithTimeout(context.Background(), healAttempt)
	defer cancel()
	p := s.plan[s.index]
	s.index++
	if err := s.life.deed.(providers.Stager).Restage(ctx, s.life.handle, p.args); err != nil {
		return fmt.Errorf("enter stage %d: %w", s.index, err)
	}
	s.arm()
	return nil
}
