package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/lang/program"
)

// counted are records that hold their own number, and have one of ten keys.
type counted struct {
	ids measure.IDs
	o   measure.Original
}

func (c *counted) Again(seq int64) (*measure.Original, error) {
	c.o.Key = uint32(seq*7919) % 10
	c.o.Fields = append(c.o.Fields[:0], measure.Field{Name: "id", Value: json.RawMessage(`"` + c.ids.ID(seq) + `"`)}, measure.Field{Name: "n", Value: json.RawMessage(fmt.Sprint(seq))})
	return &c.o, nil
}

// history is a long random run: what was sent, and what came out, kept whole.
type history struct {
	mirror bool
	n      int64
	sent   [2][][]measure.Attempt // by lane and record
	copies [2][]int               // by target and record
	late   [2][]bool
	spoilt [2][]bool
	blind  time.Duration // records sent before it may have come out unseen
}

// model classifies record by record, from everything that is known of each.
func (h *history) model() (total event.AuditCounts, at [2]event.AuditCounts, classes map[string]int64) {
	classes = map[string]int64{}
	lanes := 1
	if h.mirror {
		lanes = 2
	}
	for lane := range lanes {
		for seq := range h.n {
			h.classify(lane, seq, &total, &at, classes)
		}
	}
	return total, at, classes
}

func (h *history) classify(lane int, seq int64, total *event.AuditCounts, at *[2]event.AuditCounts, classes map[string]int64) {
	weight := []int{measure.Pending: 0, measure.Unsent: 1, measure.Rejected: 2, measure.Indeterminate: 3, measure.Acked: 4}
	var best measure.Attempt
	left, again, copies := time.Duration(1<<62), false, [2]int{}
	for i, a := range h.sent[lane][seq] {
		again = again || i > 0 && a.Outcome != measure.Unsent && best.Outcome != measure.Unsent
		if weight[a.Outcome] >= weight[best.Outcome] && best.Outcome != measure.Acked {
			best = a
		}
		if a.Outcome == measure.Acked || a.Outcome == measure.Indeterminate {
			copies[a.Target]++
			left = min(left, a.Sent)
		}
	}
	here := []*event.AuditCounts{total, &at[best.Target]}
	if best.Outcome == measure.Pending {
		here = here[:1]
	}
	for _, c := range here {
		c.Sent += one(best.Outcome >= measure.Acked && best.Outcome <= measure.Indeterminate)
		c.Acked += one(best.Outcome == measure.Acked)
	}
	say := func(what string, yes bool) {
		if yes {
			classes[what]++
		}
	}
	say("resent", again)
	say("indeterminate", best.Outcome == measure.Indeterminate)
	var places []int
	for t := range 2 {
		if h.copies[t][seq] > 0 && (!h.mirror || t == lane) {
			places = append(places, t)
		}
	}
	if len(places) == 0 {
		if best.Outcome == measure.Acked {
			for _, c := range here {
				c.Inconclusive += one(left < h.blind)
				c.Lost += one(left >= h.blind)
			}
			say("inconclusive", left < h.blind)
			say("lost", left >= h.blind)
		}
		return
	}
	put := best.Outcome != measure.Rejected && best.Outcome != measure.Unsent
	count := func(c *event.AuditCounts, twice, across, late, spoilt bool) {
		c.Delivered++
		c.Duplicated += one(twice)
		c.DuplicatedAcross += one(across)
		c.Once += one(!twice && !across)
		c.Reordered += one(late && !again)
		c.Corrupted += one(spoilt)
		c.Unexpected += one(!put)
	}
	twice, across, late, spoilt := false, false, false, false
	for _, t := range places {
		n := h.copies[t][seq]
		twice = twice || n > max(1, copies[t])
		across = across || len(places) > 1 && copies[t] == 0
		late, spoilt = late || h.late[t][seq], spoilt || h.spoilt[t][seq]
	}
	for _, t := range places {
		count(&at[t], h.copies[t][seq] > max(1, copies[t]), across, h.late[t][seq], h.spoilt[t][seq])
	}
	count(total, twice, across, late, spoilt)
	say("duplicated", twice)
	say("duplicated_across", across)
	say("reordered", late && !again)
	say("corrupted", spoilt)
	say("unexpected", !put)
}

// TestManyRecordsAgreeWithAPlainModel plays runs of several chunks: batches with one fate or a part of it, sent again,
// mirrored, spread, coming out soon, late, twice, elsewhere, changed or not at all. What is counted together, put aside
// and forgotten on the way must make no difference.
func TestManyRecordsAgreeWithAPlainModel(t *testing.T) {
	if raced {
		t.Skip("runs without the race detector, in a pass of its own")
	}
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		h := &history{mirror: rapid.Bool().Draw(rt, "mirror"), n: rapid.OneOf(rapid.Int64Range(1, 3000), rapid.Int64Range(1, 4*measure.ChunkSize)).Draw(rt, "records")}
		batch := int64(rapid.IntRange(300, 5000).Draw(rt, "batch"))
		trouble := rapid.IntRange(0, 40).Draw(rt, "trouble") // per cent of batches that have some
		if rapid.Bool().Draw(rt, "blind") {
			h.blind = time.Duration(rapid.Int64Range(0, h.n).Draw(rt, "until"))
		}
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		var file bytes.Buffer
		got := h.play(rt, rng, batch, trouble, &file)
		total, at, classes := h.model()
		if a, b := words(got.Total), words(total); a != b {
			rt.Fatalf("the audit says %s\nthe model says %s", a, b)
		}
		for i, name := range []string{"dc1", "dc2"} {
			if a, b := words(got.At[name]), words(at[i]); a != b {
				rt.Fatalf("at %s the audit says %s\nthe model says %s", name, a, b)
			}
		}
		listed, err := readExceptions(&file)
		if err != nil || fmt.Sprint(listed) != fmt.Sprint(classes) {
			rt.Fatalf("the file lists %v (%v)\nthe model has %v", listed, err, classes)
		}
	})
}

func (h *history) play(tb rapid.TB, rng *rand.Rand, batch int64, trouble int, file *bytes.Buffer) event.Audit {
	ids := measure.NewIDs(1, "s")
	targets := []string{"dc1", "dc2"}
	l := measure.NewLedger(targets, h.mirror, "")
	defer l.Close()
	number, err := l.Watch("id")
	if err == nil {
		err = l.Begin(ids, func(string) measure.Identity { return measure.ByID }, func() (measure.Source, error) { return &counted{ids: ids}, nil })
	}
	if err != nil {
		tb.Fatal(err)
	}
	for i := range 2 {
		h.sent[i] = make([][]measure.Attempt, h.n)
		h.copies[i], h.late[i], h.spoilt[i] = make([]int, h.n), make([]bool, h.n), make([]bool, h.n)
	}
	y := newTally(l, number, "id", "", targets)
	highest := [2][10]int64{}
	come := func(target int, seqs []int64, spoils bool) {
		var items []json.RawMessage
		for _, seq := range seqs {
			n := seq
			if spoils && rng.IntN(20) == 0 {
				n++
				h.spoilt[target][seq] = true
			}
			items = append(items, json.RawMessage(fmt.Sprintf(`{"n":%d,"id":%q,"dc":"x"}`, n, ids.ID(seq))))
			key := uint32(seq*7919) % 10
			h.late[target][seq] = h.late[target][seq] || h.copies[target][seq] == 0 && highest[target][key] > seq
			highest[target][key] = max(highest[target][key], seq)
			h.copies[target][seq]++
		}
		y.take(target, items, span{0, 1}, false)
	}
	settle := func(lane int, first, n int64, a measure.Attempt) {
		l.Settle(first, int(n), a)
		for i := first; i < first+n; i++ {
			h.sent[lane][i] = append(h.sent[lane][i], a)
		}
	}
	type parcel struct {
		target      int
		first, last int64
		spoils      bool
	}
	var waiting []parcel
	for first := int64(0); first < h.n; first += batch {
		last := min(first+batch, h.n)
		for range last - first {
			l.Add(measure.Original{})
		}
		for lane := range l.Lanes() {
			target, at := rng.IntN(2), time.Duration(first)
			if h.mirror {
				target = lane
			}
			a := measure.Attempt{Target: target, Outcome: measure.Acked, Sent: at, Answered: at + 5}
			p := parcel{target: target, first: first, last: last}
			if rng.IntN(100) >= trouble {
				settle(lane, first, last-first, a)
				waiting = append(waiting, p)
				continue
			}
			cut := first + rng.Int64N(last-first+1) // partly accepted
			bad := a
			bad.Outcome = []measure.Outcome{measure.Rejected, measure.Indeterminate, measure.Unsent}[rng.IntN(3)]
			if cut > first {
				settle(lane, first, cut-first, a)
			}
			if cut < last {
				settle(lane, cut, last-cut, bad)
			}
			if cut < last && rng.IntN(2) == 0 { // sent again
				second := bad
				second.Outcome = []measure.Outcome{measure.Acked, measure.Indeterminate}[rng.IntN(2)]
				if !h.mirror {
					second.Target = rng.IntN(2)
				}
				second.Sent += 7
				settle(lane, cut, last-cut, second)
				waiting = append(waiting, parcel{target: second.Target, first: cut, last: last})
			}
			switch rng.IntN(6) {
			case 0: // lost
				continue
			case 1:
				p.last = cut
			case 2:
				waiting = append(waiting, p)
			case 3:
				waiting = append(waiting, parcel{target: 1 - target, first: first, last: cut})
			case 4:
				p.spoils = true
			}
			waiting = append(waiting, p)
		}
		for len(waiting) > rng.IntN(1+rng.IntN(200)) {
			i := 0
			if rng.IntN(10) == 0 {
				i = rng.IntN(len(waiting))
			}
			p := waiting[i]
			waiting = slices.Delete(waiting, i, i+1)
			var seqs []int64
			for s := p.first; s < p.last; s++ {
				seqs = append(seqs, s)
			}
			come(p.target, seqs, p.spoils)
		}
	}
	for _, p := range waiting {
		for s := p.first; s < p.last; s += 3 { // and a third of the rest
			come(p.target, []int64{s}, false)
		}
	}
	j := &judge{tally: y, opt: Options{
		Spec: program.Audit{Targets: targets, Key: "id"}, Ledger: l,
		Exceptions: func() (io.WriteCloser, string, error) { return closing{file}, "exceptions.jsonl", nil },
	}}
	if h.blind > 0 {
		j.blind = []event.Blind{{Target: "dc1", To: h.blind.Seconds()}, {Target: "dc2", To: h.blind.Seconds()}}
	}
	return j.judge()
}

type closing struct{ *bytes.Buffer }

func (closing) Close() error { return nil }

// readExceptions adds up what a list says, and holds it to its own last line.
func readExceptions(r io.Reader) (map[string]int64, error) {
	out, records := map[string]int64{}, int64(0)
	d := json.NewDecoder(r)
	for {
		var x struct {
			Format  string
			End     bool
			Records int64
			N       int64
			What    []string
		}
		if err := d.Decode(&x); err != nil {
			return out, err
		}
		if x.End {
			if x.Records != records {
				return out, fmt.Errorf("it lists %d records, and says %d", records, x.Records)
			}
			return out, nil
		}
		if x.Format != "" && x.Format != ExceptionsFormat {
			return out, errors.New(x.Format)
		}
		records += x.N
		for _, w := range x.What {
			out[w] += x.N
		}
	}
}

func TestWhatIsListedOfStrangers(t *testing.T) {
	t.Parallel()
	l, _, y := play(t)
	defer l.Close()
	y.take(0, []json.RawMessage{json.RawMessage(`{"id":"who"}`), json.RawMessage(`{"id":"` + strings.Repeat("x", 1000) + `"}`), json.RawMessage(`7`)}, span{1, 2}, false)
	var file bytes.Buffer
	j := &judge{tally: y, opt: Options{
		Spec: program.Audit{Targets: []string{"dc1"}, Key: "id"}, Ledger: l,
		Exceptions: func() (io.WriteCloser, string, error) { return closing{&file}, "x", nil },
	}}
	j.judge()
	lines := strings.Split(strings.TrimSpace(file.String()), "\n")
	if len(lines) != 5 || lines[1] != `{"what":["unexpected"],"at":"dc1","key":"\"who\"","low":1e-9,"high":2e-9}` || len(lines[2]) > 400 || lines[4] != `{"end":true,"records":0,"strangers":3}` {
		t.Errorf("it lists\n%s", file.String())
	}
}

func TestAListThatCannotBeWrittenIsSaid(t *testing.T) {
	t.Parallel()
	l, sent, y := play(t)
	l.Settle(sent.add(l, measure.Original{}, "id", `"x"`), 1, measure.Attempt{Outcome: measure.Acked})
	j := &judge{tally: y, opt: Options{
		Spec: program.Audit{Targets: []string{"dc1"}, Key: "id"}, Ledger: l,
		Exceptions: func() (io.WriteCloser, string, error) { return nil, "", errors.New("the disk is full") },
	}}
	if got := j.judge(); got.Total.Lost != 1 || got.Exceptions == nil || got.Exceptions.Error != "the disk is full" || got.Exceptions.Records != 1 {
		t.Errorf("it says %+v", got)
	}
}
