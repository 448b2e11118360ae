package twin

import (
	"fmt"
	"slices"
)

// stored is a tuple in front of RemoteDataCenterWatchdog: a message of the data channel, or DOWN.
type stored struct {
	body []byte
	down bool
}

// store keeps the other side's snapshots, and hands them to the application when the other side is down.
func (l *launch) store() {
	for {
		select {
		case <-l.ctx.Done():
			return
		case s := <-l.stores:
			if l.turn() != nil {
				return
			}
			if s.down {
				l.takeOver()
			} else {
				l.keep(s.body)
			}
		}
	}
}

// keep takes a message of the data channel.
func (l *launch) keep(body []byte) {
	k := l.kit
	k.count("RemoteDataCenterWatchdog", "in/0/nTuplesProcessed")
	m, err := decodeMessage(body)
	if err != nil {
		return
	}
	name, at, st := m.origin+"-"+m.blobOrigin, k.place(l.host), k.dc.storage
	switch {
	case m.kind == messageShutdown:
		k.log("INFO", "RemoteDC-Watchdog", "Received a remote DC orderly shutdown message from the data center named %s", m.origin)
		if len(l.names) > 0 {
			st.take(l.ctx, at, l.names)
		}
		l.names = nil
	case m.kind == messageReturned:
		k.hand(m, "given back by the other side")
	case m.kind == messageSnapshot && len(m.blob) == 0:
		st.take(l.ctx, at, []string{name})
		l.names = slices.DeleteFunc(l.names, func(n string) bool { return n == name })
	case m.kind == messageSnapshot:
		k.log("INFO", "RemoteDC-Watchdog", "Received the heartbeat message %d with a non-zero length data snapshot from the data center named %s. Data snapshot origin=%s", m.count, m.origin, m.blobOrigin)
		// The name is remembered whether or not it could be written.
		if !slices.Contains(l.names, name) {
			l.names = append(l.names, name)
		}
		if err := st.put(l.ctx, at, name, body); err != nil {
			k.log("ERROR", "RemoteDC-Watchdog", "Unable to replicate and persist the data snapshot in this %s: %s (%v)", st.form, st.said(at, name), err)
			k.say("snapshot_not_stored", err.Error())
			return
		}
		k.log("INFO", "RemoteDC-Watchdog", "Successfully replicated and persisted the data snapshot in this %s: %s", st.form, st.said(at, name))
		k.say("snapshot_stored", name)
	}
}

// takeOver hands every remembered snapshot to the application, and deletes it.
func (l *launch) takeOver() {
	k, at, st := l.kit, l.kit.place(l.host), l.kit.dc.storage
	k.say("takeover_started", "")
	k.log("INFO", "Application_Logic", "Taking-over the replicated data")
	items := 0
	for _, n := range l.names {
		if st.damaged(at, n) {
			l.fail("the snapshot " + st.said(at, n) + " cannot be decoded")
			return
		}
		got := st.take(l.ctx, at, []string{n})
		if len(got) == 0 {
			k.log("ERROR", "RemoteDC-Watchdog", "Unable to read the binary data snapshot from this %s: %s", st.form, st.said(at, n))
			continue
		}
		if len(got[0].body) == 0 {
			k.log("ERROR", "RemoteDC-Watchdog", "Skipping the zero length binary data snapshot %s: %s", st.form, st.said(at, n))
			continue
		}
		if m, err := decodeMessage(got[0].body); err == nil {
			items += k.hand(m, "")
		}
	}
	l.names = nil
	k.log("INFO", "Application_Logic", "Completed the taking-over. A total of %d data items", items)
	k.say("takeover_done", fmt.Sprintf("%d items", items))
}

// fail takes the PE down, as what an operator does wrong in it does. Assumption twin.damaged.
func (l *launch) fail(cause string) {
	k := l.kit
	k.say("snapshot_damaged", cause)
	if k.job != nil {
		k.job.crashed(k.job.holds(l.part), l.proc, cause)
	}
}

// handAll hands every stored snapshot to the application, remembered or not.
func (k *toolkit) handAll(kind uint32, cause string) {
	l := k.running(storing)
	if l == nil {
		return
	}
	at, st := k.place(l.host), k.dc.storage
	for _, n := range st.names(l.ctx, at) {
		if st.damaged(at, n) {
			l.fail("the snapshot " + st.said(at, n) + " cannot be decoded")
			return
		}
	}
	for _, s := range st.take(l.ctx, at, nil) {
		if m, err := decodeMessage(s.body); err == nil {
			m.kind = kind
			k.hand(m, cause)
		}
	}
}

// hand gives one snapshot to the application, through the merger.
func (k *toolkit) hand(m message, cause string) int {
	if k.running(merging) == nil {
		return 0
	}
	k.count("RemoteDCDataMerger", "out/0/nTuplesSubmitted")
	if cause != "" {
		k.say("snapshot_handed", cause)
	}
	if k.job == nil {
		return 0
	}
	return k.job.app.restore(m.blob)
}
