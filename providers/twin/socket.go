package twin

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

const (
	// maxSocketMessage bounds one message to the data service, in bytes.
	maxSocketMessage = 16 << 20
	// pushedAtOnce is how many tuples a message of a sink has at most.
	pushedAtOnce = 500
)

// sockets are the WebSocket connections of a data service. The centre's lock guards it.
type sockets struct {
	ctx    context.Context //nolint:containedctx // the life of the service
	cancel context.CancelFunc
}

// open lets connections in.
func (s *sockets) open(ctx context.Context) { s.ctx, s.cancel = context.WithCancel(ctx) }

// end ends those there are and lets no more in.
func (s *sockets) end() {
	if s.cancel != nil {
		s.cancel()
	}
	s.ctx, s.cancel = nil, nil
}

// socket serves one WebSocket connection to an operator of a job until the operator's PE, the job, the service or the
// client ends it. ping, if not nil, runs before a ping is answered.
func (d *dc) socket(w http.ResponseWriter, r *http.Request, j *job, pe int, serve func(ctx context.Context, c *websocket.Conn) (why string), ping func(ctx context.Context, c *websocket.Conn) error) {
	p := j.process(pe)
	d.mu.Lock()
	life := d.sockets.ctx
	if life != nil {
		d.twin.wg.Add(1) // the service is open: nobody waits for the group yet
	}
	d.mu.Unlock()
	if life == nil || p == nil {
		if life != nil {
			d.twin.wg.Done()
		}
		failData(w, http.StatusServiceUnavailable, "The operator is not reachable.")
		return
	}
	defer d.twin.wg.Done()
	ctx, cancel := context.WithCancel(life)
	defer cancel()
	ready, c := make(chan struct{}), (*websocket.Conn)(nil)
	opened, err := websocket.Accept(w, r, &websocket.AcceptOptions{OnPingReceived: func(ctx context.Context, _ []byte) bool {
		<-ready
		return ping == nil || ping(ctx, c) == nil
	}})
	if err != nil {
		return // the client has its answer
	}
	c = opened
	close(ready)
	c.SetReadLimit(maxSocketMessage)
	ended := make(chan string, 1)
	var serving sync.WaitGroup
	serving.Go(func() { ended <- serve(ctx, c) })
	why := ""
	select {
	case why = <-ended:
	case <-p.Done():
		why = "The operator has ended."
	case <-j.ctx.Done():
		why = "The job has ended."
	case <-ctx.Done():
	}
	if why != "" && ctx.Err() == nil {
		stop := context.AfterFunc(ctx, func() { _ = c.CloseNow() })
		_ = c.Close(websocket.StatusGoingAway, reason(why)) // the client may be gone already
		stop()
	}
	cancel()
	_ = c.CloseNow()
	serving.Wait()
}

// maxReason is how long the reason in a closing frame may be, in bytes. RFC 6455, sections 5.5 and 5.5.1.
const maxReason = 123

// reason cuts a text to what a closing frame has room for.
func reason(why string) string {
	if len(why) <= maxReason {
		return why
	}
	return strings.ToValidUTF8(why[:maxReason-3], "") + "..."
}

// injectSocket takes records by WebSocket: the next message is read, and a ping answered, when the buffer has taken all
// of the last one. Assumption data.websocket.
func (d *dc) injectSocket(w http.ResponseWriter, r *http.Request, j *job, e endpoint) {
	if !j.working(statePE) {
		failData(w, http.StatusServiceUnavailable, "The operator is not reachable.")
		return
	}
	d.socket(w, r, j, sourcePE, func(ctx context.Context, c *websocket.Conn) string {
		for {
			_, text, err := c.Read(ctx)
			if err != nil {
				return ""
			}
			items, err := readItems(bytes.NewReader(text))
			if err != nil {
				return err.Error()
			}
			if why := e.unfit(items); why != "" {
				return why
			}
			for len(items) > 0 {
				if j.turn(ctx, sourcePE) != nil || !j.working(statePE) {
					return "The operator is not reachable."
				}
				items = items[j.app.accept(e, items):]
				if len(items) > 0 && !wait(ctx, 100*time.Millisecond) {
					return ""
				}
			}
		}
	}, nil)
}

// inspectSocket sends what is in a sink's buffer and then what comes, with a warning where tuples were dropped in
// between. A ping is answered after what had come by then. Assumption data.websocket.
func (d *dc) inspectSocket(w http.ResponseWriter, r *http.Request, j *job, e endpoint) {
	sink := j.app.sinks[e.name]
	var mu sync.Mutex // of the place and the order of messages
	place := int64(fromTheStart)
	flush := func(ctx context.Context, c *websocket.Conn) error {
		mu.Lock()
		defer mu.Unlock()
		for {
			if err := j.turn(ctx, sinkPE); err != nil {
				return err
			}
			items, next, gap := sink.after(place, pushedAtOnce)
			if place = next; len(items) == 0 && !gap {
				return nil
			}
			if items == nil {
				items = []json.RawMessage{}
			}
			out := object{"items": items}
			if gap {
				out["warning"] = "Tuples were dropped before they could be sent."
			}
			text, err := json.Marshal(out)
			if err != nil {
				return err
			}
			if err := c.Write(ctx, websocket.MessageText, text); err != nil {
				return err
			}
		}
	}
	d.socket(w, r, j, sinkPE, func(ctx context.Context, c *websocket.Conn) string {
		ctx = c.CloseRead(ctx)
		for {
			more := sink.next()
			if flush(ctx, c) != nil {
				return ""
			}
			select {
			case <-more:
			case <-ctx.Done():
				return ""
			}
		}
	}, flush)
}
