package view

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/lang/signal"
)

// redrawEvery is how often the live block is drawn again.
const redrawEvery = 200 * time.Millisecond

// maxBlock bounds the lines of the live block.
const maxBlock = 18

// Live shows a run on a terminal: what matters scrolls by as in Lines, and below it a block that is drawn in place
// has the running steps, the faults in force with the time left, the health of every side and the record counts.
// Flush must be called: it takes the block away and joins the goroutine that draws it.
type Live struct {
	w     io.Writer
	st    Style
	lines *Lines
	total int

	mu     sync.Mutex
	start  time.Time // wall-clock time of run.started as this process saw it
	plan   string
	mode   string
	steps  map[string]event.State
	began  map[string]time.Duration
	faults map[string]time.Duration // in force; planned end or 0
	counts map[string]map[string]int64
	drawn  int // lines of the block on the screen
	err    error

	// seen is for health alone: Sample must never wait for the terminal.
	seen   sync.Mutex
	health map[string]map[string]string // target, signal

	stop chan struct{}
	done chan struct{}
}

// NewLive starts a live display of a run of total steps.
func NewLive(w io.Writer, st Style, total int) *Live {
	l := &Live{
		w: w, st: st, lines: NewLines(w, st), total: total, steps: map[string]event.State{}, began: map[string]time.Duration{},
		faults: map[string]time.Duration{}, counts: map[string]map[string]int64{}, health: map[string]map[string]string{},
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	go l.loop()
	return l
}

func (l *Live) loop() {
	defer close(l.done)
	t := time.NewTicker(redrawEvery)
	defer t.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-t.C:
			l.mu.Lock()
			l.draw()
			l.mu.Unlock()
		}
	}
}

// Accept takes an event into the block, and prints it above when it is worth keeping on the screen.
func (l *Live) Accept(ev event.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.take(ev)
	if f, ok := l.lines.fact(ev); ok && keeps(ev.Body) {
		l.erase()
		l.put(l.lines.format(ev.At, f) + "\n")
		l.draw()
	}
	return l.err
}

// keeps says what scrolls by: not the mere starts and counts that the block shows anyway.
func keeps(body event.Payload) bool {
	switch b := body.(type) {
	case *event.StepChanged:
		return b.State == event.Failed || b.State == event.Skipped
	case *event.Progress, *event.Changed:
		return false
	default:
		return true
	}
}

// Sample takes an observation; it only notes it and never writes.
func (l *Live) Sample(s signal.Sample) {
	target, rest, ok := strings.Cut(s.Signal, ".")
	if !ok || s.Value.Kind.Numeric() || !vital(rest) {
		return
	}
	l.seen.Lock()
	defer l.seen.Unlock()
	if l.health[target] == nil {
		l.health[target] = map[string]string{}
	}
	l.health[target][rest] = s.Value.String()
}

// vital are the signals in the block.
func vital(rest string) bool {
	for _, end := range []string{".health", ".toolkit.remote", ".toolkit.takeover", ".toolkit.role"} {
		if strings.HasSuffix(rest, end) && !strings.Contains(rest, ".pe[") {
			return true
		}
	}
	return rest == "reachable"
}

func (l *Live) take(ev event.Event) {
	switch b := ev.Body.(type) {
	case *event.RunStarted:
		l.start, l.plan, l.mode = time.Now().Add(-ev.At), b.Plan, b.Mode
	case *event.StepChanged:
		l.steps[b.Step] = b.State
		if b.State == event.Running {
			l.began[b.Step] = ev.At
		}
	case *event.DeedChanged:
		if b.Kind != "fault" {
			return
		}
		switch b.Phase {
		case event.Verified:
			l.faults[b.Step] = b.Until
		case event.Healed:
			delete(l.faults, b.Step)
		case event.Intended, event.Armed, event.Injecting, event.Injected, event.Healing, event.HealFailed, event.Kept:
		}
	case *event.Progress:
		l.counts[b.Step] = b.Counts
	default: // what scrolls by is in no block
	}
}

// Flush takes the block away and ends the display.
func (l *Live) Flush() error {
	select {
	case <-l.stop:
	default:
		close(l.stop)
	}
	<-l.done
	l.mu.Lock()
	defer l.mu.Unlock()
	l.erase()
	return l.err
}

func (l *Live) put(s string) {
	if l.err == nil {
		_, l.err = io.WriteString(l.w, s)
	}
}

// erase takes the block from the screen.
func (l *Live) erase() {
	if l.drawn > 0 {
		l.put(fmt.Sprintf("\x1b[%dA\r\x1b[J", l.drawn))
		l.drawn = 0
	}
}

// draw draws the block in place of the one before.
func (l *Live) draw() {
	if l.start.IsZero() {
		return
	}
	lines := l.block(time.Since(l.start))
	var b strings.Builder
	if l.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\r\x1b[J", l.drawn)
	}
	for _, s := range lines {
		b.WriteString(s + "\n")
	}
	l.drawn = len(lines)
	l.put(b.String())
}

// block is the picture of the run at now.
func (l *Live) block(now time.Duration) []string {
	done := 0
	var running []string
	for _, step := range slices.Sorted(maps.Keys(l.steps)) {
		switch s := l.steps[step]; {
		case s.Finished():
			done++
		case s == event.Running:
			running = append(running, fmt.Sprintf("%s (%s)", step, (now-l.began[step]).Round(time.Second)))
		}
	}
	rule := l.st.ink(faint, strings.Repeat("─", min(l.st.Width, 72)))
	out := []string{rule, fmt.Sprintf("%s  %s  %s  %d of %d steps finished",
		l.st.ink(bold, cut(Clean(l.plan), 40)), l.mode, now.Round(time.Second), done, l.total)}
	for _, step := range slices.Sorted(maps.Keys(l.faults)) {
		left := "until what it waits for is done"
		if end := l.faults[step]; end > now {
			left = (end - now).Round(time.Second).String() + " left"
		} else if end > 0 {
			left = "being healed"
		}
		out = append(out, l.row("in force", red, step+", "+left))
	}
	if len(running) > 0 {
		out = append(out, l.row("running", faint, strings.Join(running, ", ")))
	}
	for _, step := range slices.Sorted(maps.Keys(l.counts)) {
		out = append(out, l.row("records", cyan, step+": "+counts(l.counts[step])))
	}
	out = append(out, l.sides()...)
	if len(out) > maxBlock {
		out = append(out[:maxBlock-1], l.st.ink(faint, "..."))
	}
	return out
}

// sides is a row for the health of every target.
func (l *Live) sides() []string {
	l.seen.Lock()
	defer l.seen.Unlock()
	var out []string
	for _, target := range slices.Sorted(maps.Keys(l.health)) {
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(l.health[target])) {
			parts = append(parts, name+" "+l.health[target][name])
		}
		out = append(out, l.row(target, blue, strings.Join(parts, " · ")))
	}
	return out
}

// row is one line of the block, cut to the width of the screen so that it stays one line.
func (l *Live) row(name string, p paint, text string) string {
	return " " + l.st.ink(p, pad(cut(Clean(name), 9), 9)) + " " + cut(Clean(text), l.st.Width-12)
}
