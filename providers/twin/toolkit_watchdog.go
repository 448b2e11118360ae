package twin

import (
	"fmt"
	"time"
)

// watchdog is what RemoteDataCenterHeartbeatWatchdog knows: the status state machine about the other side.
type watchdog struct {
	missed int
	up     bool
	quiet  bool // orderly shutdown
	heard  time.Time
}

// watch takes heartbeats and ticks; those that have come take precedence over ticks that came meanwhile.
func (l *launch) watch() {
	for {
		select {
		case b := <-l.beats:
			if !l.beat(b) {
				return
			}
			continue
		default:
		}
		select {
		case <-l.ctx.Done():
			return
		case b := <-l.beats:
			if !l.beat(b) {
				return
			}
		case <-l.ticks:
			if l.turn() != nil {
				return
			}
			l.miss()
		}
	}
}

// beat is a POST on the heartbeat channel: whatever its body, the other side is alive.
func (l *launch) beat(body []byte) bool {
	if l.turn() != nil {
		return false
	}
	k := l.kit
	k.count("RemoteDataCenterHeartbeatWatchdog", "in/0/nTuplesProcessed")
	k.mu.Lock()
	w := &l.watchdog
	if w.quiet {
		k.mu.Unlock()
		return true
	}
	rose := !w.up
	w.missed, w.up, w.heard = 0, true, time.Now()
	k.mu.Unlock()
	if m, err := decodeMessage(body); err == nil {
		k.log("INFO", "RemoteDC-Heartbeat-Watchdog", "Received the heartbeat message %d with no data snapshot from the data center named %s", m.count, m.origin)
	}
	if rose {
		k.status(true)
	}
	return true
}

// miss counts a tick and declares the other side down on the one that makes them too many.
func (l *launch) miss() {
	k := l.kit
	k.mu.Lock()
	w := &l.watchdog
	if w.quiet || w.missed > k.cfg.MissesAllowed {
		k.mu.Unlock()
		return
	}
	w.missed++
	fell := w.missed > k.cfg.MissesAllowed && w.up
	if fell {
		w.up = false
	}
	k.mu.Unlock()
	if fell {
		k.status(false)
	}
}

// status is the tuple that tells the application, the preparer and the data watchdog. The toolkit writes no line of
// its own about it; the lines are the sample application's.
func (k *toolkit) status(up bool) {
	k.count("RemoteDataCenterHeartbeatWatchdog", "out/0/nTuplesSubmitted")
	if up {
		k.say("remote_up", "heartbeat received")
		k.log("INFO", "Application_Logic", "Received a notification about the remote data center coming up")
	} else {
		k.say("remote_down", fmt.Sprintf("%d heartbeats missed", k.cfg.MissesAllowed+1))
		k.log("INFO", "Application_Logic", "Received a notification about the remote data center going down due to failure")
	}
	k.hears(up)
	if k.job != nil {
		k.job.app.hears(up)
	}
	switch {
	case up:
	case !k.active:
		if k.onDown != nil {
			k.onDown()
		}
	default:
		if s := k.running(storing); s != nil {
			select {
			case s.stores <- stored{down: true}:
			case <-s.ctx.Done():
			}
		}
	}
}
