package twin

import (
	"fmt"
	"strconv"
	"time"
)

// preparer is what HeartbeatMessagePreparer knows.
type preparer struct {
	seenOnce bool // the other side was up at some time
	remoteUp bool
	ticked   bool
	returned bool // what was stored has been given back, or need not be
	quiet    bool // orderly shutdown
	count    int64
	sent     time.Time // the last heartbeat
}

// generate is the Beacon: the first tick after the initial delay, then one each interval. Assumption twin.ticks.
func (l *launch) generate() {
	k := l.kit
	every := k.cfg.HeartbeatInterval.D()
	if every <= 0 {
		return // failover is off: the built-in default is 444,444,444 s
	}
	if !wait(l.ctx, k.cfg.InitDelay.D()+k.dc.twin.between("tick "+k.own()+k.spec.Path, 0, 40*time.Millisecond)) {
		return
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if l.turn() != nil {
			return
		}
		if w := k.running(watching); w != nil {
			select {
			case w.ticks <- struct{}{}:
			default: // it has been hung for a thousand ticks: assumption twin.queues
			}
		}
		l.prepare()
		select {
		case <-l.ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// prepare sends a heartbeat, and now and then has the application snapshot its state. After DOWN it is silent until it
// hears from the other side again.
func (l *launch) prepare() {
	k := l.kit
	k.mu.Lock()
	p := &l.preparer
	if p.quiet {
		k.mu.Unlock()
		return
	}
	first := !p.ticked
	p.ticked = true
	if p.seenOnce && !p.remoteUp {
		k.mu.Unlock()
		l.startsWith(first)
		return
	}
	snapshotOf := int64(0)
	if p.remoteUp && k.active && k.snapshotDue(p.count) {
		snapshotOf = p.count
		p.count++
	}
	n := p.count
	p.count++
	p.sent = time.Now()
	k.mu.Unlock()
	l.startsWith(first)
	if snapshotOf > 0 {
		k.snapshot(snapshotOf)
	}
	k.count("HeartbeatMessagePreparer", "out/0/nTuplesSubmitted")
	k.post(heartbeats, message{kind: messageHeartbeat, count: uint64(n), origin: k.own()})
}

// startsWith is what the first tick does: what was stored before the start is deleted, unless it is to be kept or given
// back.
func (l *launch) startsWith(first bool) {
	if k := l.kit; first && !k.cfg.RetainSnapshots && !k.cfg.ReturnSnapshots {
		if n := k.dc.storage.clear(l.ctx, k.place(l.host)); n > 0 {
			k.say("snapshots_deleted", fmt.Sprintf("%d at the first tick", n))
		}
	}
}

// snapshotDue counts in heartbeats, in whole seconds, as the toolkit does: each snapshot counts as one more.
func (k *toolkit) snapshotDue(count int64) bool {
	h, s := int64(k.cfg.HeartbeatInterval.D()/time.Second), int64(k.cfg.SnapshotInterval.D()/time.Second)
	return s > 0 && (h == 0 || (count*h)%s == 0)
}

// snapshot has the application send its whole state.
func (k *toolkit) snapshot(count int64) {
	k.count("HeartbeatMessagePreparer", "out/2/nTuplesSubmitted")
	if k.job == nil || !k.job.responds(statePE) {
		return
	}
	for n, blob := range k.job.app.parts(k.pairs()) {
		k.post(snapshots+channel(n), message{kind: messageSnapshot, count: uint64(count), origin: k.own(), blob: blob, blobOrigin: strconv.Itoa(n)})
	}
}

// hears is a status tuple at the preparer.
func (k *toolkit) hears(up bool) {
	l := k.running(generating)
	if l == nil {
		return
	}
	k.mu.Lock()
	p := &l.preparer
	p.remoteUp = up
	p.seenOnce = p.seenOnce || up
	giveBack := up && !p.returned && k.cfg.ReturnSnapshots
	p.returned = p.returned || up
	k.mu.Unlock()
	if giveBack {
		l.giveBack()
	}
}

// giveBack sends what is stored to where it came from, after both sides were lost.
func (l *launch) giveBack() {
	k := l.kit
	for _, s := range k.dc.storage.take(l.ctx, k.place(l.host), nil) {
		m, err := decodeMessage(s.body)
		if err != nil {
			continue
		}
		m.kind = messageReturned
		k.count("HeartbeatMessagePreparer", "out/1/nTuplesSubmitted")
		k.post(snapshots, m)
		k.log("ERROR", "Heartbeat-Message-Preparer", "During application startup, we sent %d bytes of the data snapshot %s to its origin", len(s.body), s.name)
	}
}
