package twin

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"

	"github.com/xdc-project/xdc/providers/twin/control"
)

// channel is one of the ways between the data centres: heartbeats, and as many for snapshots as there are pairs of senders
// and receivers. Each adds its number to the base port.
type channel int

// The channels; what is above snapshots is the further ones.
const (
	heartbeats channel = iota
	snapshots
)

// path is where a channel's receiver takes messages.
func (c channel) path() string { return c.context() + "/ports/output/0/inject" }

// context is what the paths of a channel's receiver begin with.
func (c channel) context() string {
	if c >= snapshots {
		return "/crossdcrx/CrossDataCenterReceiver[" + strconv.Itoa(int(c-snapshots)) + "]"
	}
	return "/crossdcrx/CrossDataCenterReceiverForHB"
}

// sender is the operator that sends on the channel, receiver the one at the other end. Parallel copies are one operator
// here. Assumption twin.operators.
func (c channel) sender() string {
	if c >= snapshots {
		return "CrossDataCenterSender2"
	}
	return "CrossDataCenterSender1"
}

func (c channel) receiver() string {
	if c >= snapshots {
		return "CrossDataCenterReceiver"
	}
	return "CrossDataCenterReceiverForHB"
}

// receive opens every receiver.
func (l *launch) receive() {
	for n := range 1 + l.kit.pairs() {
		l.listen(channel(n))
	}
}

func (l *launch) listen(c channel) {
	k := l.kit
	port := portOf(&k.cfg) + int(c)
	listener, err := k.dc.twin.net.Listen(k.dc.node(l.host), net.JoinHostPort(k.dc.hosts[l.host].Address, strconv.Itoa(port)))
	if err != nil {
		k.log("ERROR", "Jetty", "cannot listen on port %d: %v", port, err)
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+c.path(), func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(io.LimitReader(r.Body, 64<<20))
		if err != nil || l.turn() != nil {
			return
		}
		k.count(c.receiver(), "out/0/nTuplesSubmitted")
		if !l.submit(c, b) {
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	c.describe(mux)
	s := &http.Server{Handler: k.dc.troubled(control.Receivers, mux), ReadHeaderTimeout: connectLimit}
	k.mu.Lock()
	if l.ctx.Err() != nil { // it was stopped meanwhile
		k.mu.Unlock()
		_ = listener.Close()
		return
	}
	l.serve = append(l.serve, s)
	k.mu.Unlock()
	k.dc.twin.run(func() { _ = s.Serve(listener) }) // it ends with down
}

// submit puts a tuple in front of the operator behind a receiver, on the thread of the request: while that operator's
// queue is full the sender waits for its answer. A tuple for one that does not run is dropped.
func (l *launch) submit(c channel, b []byte) bool {
	to := watching
	if c >= snapshots {
		to = storing
	}
	next := l.kit.running(to)
	if next == nil {
		return true
	}
	var ok bool
	if c >= snapshots {
		select {
		case next.stores <- stored{body: b}:
			ok = true
		case <-next.ctx.Done():
			ok = true
		case <-l.ctx.Done():
		}
		return ok
	}
	select {
	case next.beats <- b:
		ok = true
	case <-next.ctx.Done():
		ok = true
	case <-l.ctx.Done():
	}
	return ok
}

// send posts messages one after the other: to the remembered machine, else to each of the other side's in turn until
// one takes it. Nobody took it: the message is dropped.
func (l *launch) send(ch chan []byte, c channel) {
	k := l.kit
	for {
		select {
		case <-l.ctx.Done():
			return
		case b := <-ch:
			if l.turn() != nil {
				return
			}
			k.count(c.sender(), "in/0/nTuplesProcessed")
			l.deliver(c, b)
		}
	}
}

// deliver tries the remembered machine; when that fails and there are several, the list from its start. With
// sendToAllRemoteMachines each machine gets the message, one after the other.
func (l *launch) deliver(c channel, b []byte) {
	machines := l.kit.peers()
	if l.kit.cfg.SendToAll {
		for _, m := range machines {
			l.postTo(c, m.Address, b)
		}
		return
	}
	if i := l.found[c]; i >= 0 && i < len(machines) {
		if l.postTo(c, machines[i].Address, b) {
			return
		}
		l.found[c] = -1
		if len(machines) == 1 {
			return
		}
	}
	for i, m := range machines {
		if l.postTo(c, m.Address, b) {
			l.found[c] = i
			return
		}
	}
}

func (l *launch) postTo(c channel, host string, b []byte) bool {
	k := l.kit
	url := "http://" + net.JoinHostPort(host, strconv.Itoa(portOf(&k.cfg)+int(c))) + c.path()
	req, err := http.NewRequestWithContext(l.ctx, http.MethodPost, url, bytes.NewReader(b))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	resp, err := k.client.Do(req)
	if err != nil {
		if l.ctx.Err() == nil {
			k.log("ERROR", "HttpBlobSender", "Exception while communicating with %s. Error message: %v", url, err)
		}
		return false
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)) // an answer has no use here
	_ = resp.Body.Close()
	if l.turn() != nil {
		return false
	}
	if resp.StatusCode != http.StatusNoContent && resp.StatusCode != http.StatusOK {
		k.count(c.sender(), "out/0/nTuplesSubmitted")
		level := "INFO"
		if k.cfg.LogHTTPErrors {
			level = "ERROR"
		}
		k.log(level, "HttpBlobSender", "Error in posting the binary contents to this URL: %s HTTP response code=%d", url, resp.StatusCode)
		return false
	}
	k.log("INFO", "HttpBlobSender", "%d bytes have been sent to this URL: %s", len(b), url)
	return true
}

// describe serves what a receiver says of itself. None of it is a heartbeat.
func (c channel) describe(mux *http.ServeMux) {
	mux.HandleFunc("GET /ports/info", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, object{"exposedPorts": []object{{"operatorName": c.receiver(), "portName": "BinData", "contextPath": "/crossdcrx", "path": c.context() + "/ports/output/0"}}})
	})
	mux.HandleFunc("GET /contexts/info", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, object{"exposedContexts": []object{{"contextPath": "/crossdcrx"}}})
	})
	mux.HandleFunc("GET "+c.context()+"/ports/output/0/info", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, object{"operatorName": c.receiver(), "portName": "BinData", "attributes": []object{{"name": "binaryPayload", "type": "blob"}}})
	})
}
