package twin

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/xdc-project/xdc/providers"
)

// The operators of the toolkit's composite, as a running job names them (reference: section 3 of the toolkit's source,
// version 1.0.1; that 2.0.0 is the same is an assumption).
const prefix = "CrossDCFailover."

var toolkitOperators = []string{
	prefix + "HeartbeatSignalGenerator", prefix + "HeartbeatMessagePreparer", prefix + "CrossDataCenterSender1",
	prefix + "CrossDataCenterSender2", prefix + "CrossDataCenterReceiverForHB", prefix + "CrossDataCenterReceiver",
	prefix + "RemoteDataCenterHeartbeatWatchdog", prefix + "RemoteDataCenterWatchdog", prefix + "RemoteDCDataMerger",
}

// What the sender and the receivers are built with (defaults of the toolkit).
const (
	connectLimit = 25 * time.Second
	readLimit    = 100 * time.Second
	senderQueue  = 1000
)

// toolkit is one invocation of the composite: two small state machines driven by one tick, senders and receivers.
type toolkit struct {
	dc     *dc
	spec   Job
	job    *job // nil in a passive monitor
	proc   Proc // of the PE it is in; nil in a passive monitor
	cfg    providers.Toolkit
	active bool
	onDown func() // of a passive monitor

	ctx    context.Context
	cancel context.CancelFunc
	client *http.Client
	hb     chan []byte
	data   chan []byte
	serve  []*http.Server

	mu sync.Mutex
	// RemoteDataCenterHeartbeatWatchdog
	missed int
	up     bool
	// HeartbeatMessagePreparer
	seenOnce bool
	remoteUp bool
	cnt      int64
	ticked   bool
	quiet    bool // orderly shutdown
	// RemoteDataCenterWatchdog
	names  []string
	stored map[string][]byte
}

func newToolkit(d *dc, spec Job, j *job, cfg providers.Toolkit) *toolkit {
	k := &toolkit{
		dc: d, spec: spec, job: j, cfg: cfg, active: cfg.Mode != "passive", cnt: 1, stored: map[string][]byte{},
		hb: make(chan []byte, senderQueue), data: make(chan []byte, senderQueue),
	}
	k.ctx, k.cancel = context.WithCancel(d.twin.ctx)
	dial := d.twin.net.Dial(d.node(k.host()))
	k.client = &http.Client{Timeout: connectLimit + readLimit, Transport: &http.Transport{
		DisableKeepAlives: true, // one connection a message
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			// The transport lets a dial outlive its request; the toolkit's end must end it.
			own, cancel := context.WithTimeout(k.ctx, connectLimit)
			defer cancel()
			defer context.AfterFunc(ctx, cancel)()
			return dial(own, network, address)
		},
	}}
	return k
}

// host is where the toolkit's PE runs.
func (k *toolkit) host() int {
	if k.job != nil && len(k.job.pes) > toolkitPE {
		return k.job.pes[toolkitPE].host
	}
	return 0
}

// turn is passed before each piece of work. It waits while the PE is hung.
func (k *toolkit) turn(ctx context.Context) error {
	if k.proc == nil {
		return nil
	}
	return k.proc.Turn(ctx)
}

func (k *toolkit) say(what, cause string) {
	k.dc.twin.truth.say(fact{What: what, Target: k.dc.cfg.Name, Job: k.spec.Path, Cause: cause})
}

func (k *toolkit) count(op, path string) {
	if k.job != nil {
		k.job.add(prefix+op+"/"+path, 1)
	}
}

func (k *toolkit) log(level, aspect, format string, args ...any) {
	if k.job != nil {
		k.job.log(level, aspect, format, args...)
	}
}

// start opens the receivers and begins to tick.
func (k *toolkit) start() {
	host := k.dc.hosts[k.host()]
	port := portOf(&k.cfg)
	k.listen(host, port, "/crossdcrx/CrossDataCenterReceiverForHB/ports/output/0/inject", k.heartbeat)
	k.listen(host, port+1, "/crossdcrx/CrossDataCenterReceiver[0]/ports/output/0/inject", k.blob)
	t := k.dc.twin
	t.run(func() {
		k.send(k.hb, port, "/crossdcrx/CrossDataCenterReceiverForHB/ports/output/0/inject", "CrossDataCenterSender1")
	})
	t.run(func() {
		k.send(k.data, port+1, "/crossdcrx/CrossDataCenterReceiver[0]/ports/output/0/inject", "CrossDataCenterSender2")
	})
	t.run(k.ticks)
}

func (k *toolkit) stop() {
	k.cancel()
	k.mu.Lock()
	servers := k.serve
	k.serve = nil
	k.mu.Unlock()
	for _, s := range servers {
		_ = s.Close() // connections end with it
	}
	k.client.CloseIdleConnections()
}

func (k *toolkit) listen(host providers.Host, port int, path string, take func([]byte)) {
	l, err := k.dc.twin.net.Listen(k.dc.node(k.host()), net.JoinHostPort(host.Address, strconv.Itoa(port)))
	if err != nil {
		k.log("ERROR", "Jetty", "cannot listen on port %d: %v", port, err)
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(io.LimitReader(r.Body, 64<<20))
		if err != nil || k.turn(r.Context()) != nil {
			return
		}
		take(b)
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /ports/info", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]any{"exposedPorts": []string{path}})
	})
	s := &http.Server{Handler: mux, ReadHeaderTimeout: connectLimit}
	k.mu.Lock()
	if k.ctx.Err() != nil { // it was stopped meanwhile
		k.mu.Unlock()
		_ = l.Close()
		return
	}
	k.serve = append(k.serve, s)
	k.mu.Unlock()
	k.dc.twin.run(func() { _ = s.Serve(l) }) // it ends with stop
}

// ticks is the Beacon: the first tick after the initial delay, then one each interval.
func (k *toolkit) ticks() {
	every := k.cfg.HeartbeatInterval.D()
	if every <= 0 {
		return // failover is off: the built-in default is 444,444,444 s
	}
	if !wait(k.ctx, k.cfg.InitDelay.D()+k.dc.twin.between("tick "+k.dc.cfg.Name+k.spec.Path, 0, 40*time.Millisecond)) {
		return
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if k.turn(k.ctx) != nil {
			return
		}
		k.watchdogTick()
		k.preparerTick()
		select {
		case <-k.ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// heartbeat is a POST on the heartbeat channel: whatever its body, the other side is alive.
func (k *toolkit) heartbeat(body []byte) {
	k.count("CrossDataCenterReceiverForHB", "out/0/nTuplesSubmitted")
	k.count("RemoteDataCenterHeartbeatWatchdog", "in/0/nTuplesProcessed")
	k.mu.Lock()
	if k.quiet {
		k.mu.Unlock()
		return
	}
	k.missed = 0
	rose := !k.up
	k.up = true
	k.mu.Unlock()
	m, err := decodeMessage(body)
	if err == nil {
		k.log("INFO", "RemoteDC-Heartbeat-Watchdog", "Received the heartbeat message %d with no data snapshot from the data center named %s", m.count, m.origin)
	}
	if rose {
		k.status(true)
	}
}

// watchdogTick counts a miss and declares the other side down on the tick that makes them too many.
func (k *toolkit) watchdogTick() {
	k.mu.Lock()
	if k.quiet || k.missed > k.cfg.MissesAllowed {
		k.mu.Unlock()
		return
	}
	k.missed++
	fell := k.missed > k.cfg.MissesAllowed && k.up
	if fell {
		k.up = false
	}
	k.mu.Unlock()
	if fell {
		k.status(false)
	}
}

// status is the tuple that tells the application, the preparer and the data watchdog.
func (k *toolkit) status(up bool) {
	k.count("RemoteDataCenterHeartbeatWatchdog", "out/0/nTuplesSubmitted")
	k.mu.Lock()
	k.remoteUp = up
	k.seenOnce = k.seenOnce || up
	k.mu.Unlock()
	if up {
		k.say("remote_up", "heartbeat received")
		k.log("INFO", "Application_Logic", "Received a notification about the remote data center coming up")
		return
	}
	k.say("remote_down", fmt.Sprintf("%d heartbeats missed", k.cfg.MissesAllowed+1))
	k.log("INFO", "Application_Logic", "Received a notification about the remote data center going down due to failure")
	if k.active {
		k.takeOver()
	} else if k.onDown != nil {
		k.onDown()
	}
}

// preparerTick sends a heartbeat, and now and then has the application snapshot its state. After DOWN it is silent
// until it hears from the other side again.
func (k *toolkit) preparerTick() {
	k.mu.Lock()
	if k.quiet {
		k.mu.Unlock()
		return
	}
	if !k.ticked {
		k.ticked = true
		k.stored = map[string][]byte{}
	}
	if k.seenOnce && !k.remoteUp {
		k.mu.Unlock()
		return
	}
	var snap, cnt int64
	h, s := int64(k.cfg.HeartbeatInterval.D()/time.Second), int64(k.cfg.SnapshotInterval.D()/time.Second)
	if k.remoteUp && k.active && s > 0 && (h == 0 || (k.cnt*h)%s == 0) {
		snap = k.cnt
		k.cnt++
	}
	cnt = k.cnt
	k.cnt++
	k.mu.Unlock()
	if snap > 0 && k.job != nil && k.job.responds(statePE) {
		k.count("HeartbeatMessagePreparer", "out/2/nTuplesSubmitted")
		m := message{kind: 2, count: uint64(snap), origin: k.dc.cfg.Name, blob: k.job.app.snapshot(), blobOrigin: "0"}
		k.queue(k.data, m.encode())
	}
	k.count("HeartbeatMessagePreparer", "out/0/nTuplesSubmitted")
	k.queue(k.hb, message{kind: 1, count: uint64(cnt), origin: k.dc.cfg.Name}.encode())
}

func (k *toolkit) queue(ch chan []byte, b []byte) {
	select {
	case ch <- b:
	default: // the product's queue blocks; a model must not
	}
}

// send posts messages one after the other: to the remembered machine, else to each of the other side's in turn until
// one takes it. Nobody took it: the message is dropped.
func (k *toolkit) send(ch chan []byte, port int, path, op string) {
	for {
		select {
		case <-k.ctx.Done():
			return
		case b := <-ch:
			if k.turn(k.ctx) != nil {
				return
			}
			k.count(op, "in/0/nTuplesProcessed")
			peer := k.dc.peers[k.spec.Path]
			if peer == nil {
				continue
			}
			for _, h := range peer.hosts {
				if k.post("http://"+net.JoinHostPort(h.Address, strconv.Itoa(port))+path, b) {
					break
				}
			}
		}
	}
}

func (k *toolkit) post(url string, b []byte) bool {
	req, err := http.NewRequestWithContext(k.ctx, http.MethodPost, url, bytes.NewReader(b))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	resp, err := k.client.Do(req)
	if err != nil {
		if k.ctx.Err() == nil {
			k.log("ERROR", "HttpBlobSender", "Exception while communicating with %s. Error message: %v", url, err)
		}
		return false
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)) // an answer has no use here
	_ = resp.Body.Close()
	if k.turn(k.ctx) != nil {
		return false
	}
	ok := resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusOK
	if ok {
		k.log("INFO", "HttpBlobSender", "%d bytes have been sent to this URL: %s", len(b), url)
	}
	return ok
}

// blob is a POST on the data channel: a snapshot of the other side is stored under its origin.
func (k *toolkit) blob(body []byte) {
	k.count("CrossDataCenterReceiver", "out/0/nTuplesSubmitted")
	m, err := decodeMessage(body)
	if err != nil {
		return
	}
	name := m.origin + "-" + m.blobOrigin
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case m.kind == 3:
		for n := range k.stored {
			delete(k.stored, n)
		}
		k.names = nil
	case m.kind == 2 && len(m.blob) == 0:
		delete(k.stored, name)
	case m.kind == 2:
		k.stored[name] = m.blob
		if !slices.Contains(k.names, name) {
			k.names = append(k.names, name)
		}
	}
}

// takeOver hands every stored snapshot to the application, and deletes it.
func (k *toolkit) takeOver() {
	k.mu.Lock()
	names := k.names
	blobs := maps.Clone(k.stored)
	k.names, k.stored = nil, map[string][]byte{}
	k.mu.Unlock()
	k.say("takeover_started", "")
	k.log("INFO", "Application_Logic", "Taking-over the replicated data")
	items := 0
	for _, n := range names {
		b, ok := blobs[n]
		if !ok {
			continue
		}
		k.count("RemoteDCDataMerger", "out/0/nTuplesSubmitted")
		if k.job != nil {
			items += k.job.app.restore(b)
		}
	}
	k.log("INFO", "Application_Logic", "Completed the taking-over. A total of %d data items", items)
	k.say("takeover_done", "")
}

// message is a HeartbeatMessageType tuple.
type message struct {
	kind       uint32
	count      uint64
	origin     string
	blob       []byte
	blobOrigin string
}

// encode writes the platform's native binary form: attributes in order, little endian, no padding.
func (m message) encode() []byte {
	b := binary.LittleEndian.AppendUint32(nil, m.kind)
	b = binary.LittleEndian.AppendUint64(b, m.count)
	b = appendText(b, m.origin)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(m.blob)))
	b = append(b, m.blob...)
	return appendText(b, m.blobOrigin)
}

// appendText writes a length of one byte, or 0x80 and four, and the bytes.
func appendText(b []byte, s string) []byte {
	if len(s) < 128 {
		b = append(b, byte(len(s)))
	} else {
		b = binary.LittleEndian.AppendUint32(append(b, 0x80), uint32(len(s)))
	}
	return append(b, s...)
}

// decodeMessage reads what encode writes. Lengths are checked against what is there.
func decodeMessage(b []byte) (message, error) {
	var m message
	if len(b) < 12 {
		return m, fmt.Errorf("message of %d bytes", len(b))
	}
	m.kind, m.count = binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint64(b[4:])
	var err error
	rest := b[12:]
	if m.origin, rest, err = takeText(rest); err != nil {
		return m, err
	}
	if len(rest) < 8 {
		return m, fmt.Errorf("the snapshot's length is cut off")
	}
	n := binary.LittleEndian.Uint64(rest)
	rest = rest[8:]
	if n > uint64(len(rest)) {
		return m, fmt.Errorf("a snapshot of %d bytes in a message with %d left", n, len(rest))
	}
	m.blob, rest = rest[:n], rest[n:]
	m.blobOrigin, _, err = takeText(rest)
	return m, err
}

func takeText(b []byte) (string, []byte, error) {
	if len(b) == 0 {
		return "", nil, fmt.Errorf("a text is cut off")
	}
	n, rest := uint64(b[0]), b[1:]
	if b[0] == 0x80 {
		if len(rest) < 4 {
			return "", nil, fmt.Errorf("a text's length is cut off")
		}
		n, rest = uint64(binary.LittleEndian.Uint32(rest)), rest[4:]
	}
	if n > uint64(len(rest)) {
		return "", nil, fmt.Errorf("a text of %d bytes where %d are left", n, len(rest))
	}
	return string(rest[:n]), rest[n:], nil
}

// monitor is the passive side: a standalone program that watches, and launches the application when the other side is
// down.
type monitor struct {
	dc   *dc
	spec Job
	kit  *toolkit
	once sync.Once
}

func newMonitor(d *dc, spec Job) *monitor {
	m := &monitor{dc: d, spec: spec}
	cfg := providers.Toolkit{Mode: "passive", MissesAllowed: 4}
	if spec.Toolkit != nil {
		cfg = *spec.Toolkit
		cfg.Mode = "passive"
	}
	m.kit = newToolkit(d, spec, nil, cfg)
	m.kit.onDown = func() { m.once.Do(m.runScript) }
	m.kit.start()
	return m
}

func (m *monitor) stop() { m.kit.stop() }

// runScript is what the sample's script does: submit the job with the active configuration, then end the monitor.
func (m *monitor) runScript() {
	t := m.dc.twin
	t.run(func() {
		t.truth.say(fact{What: "takeover_started", Target: m.dc.cfg.Name, Job: m.spec.Path, Cause: "the passive monitor runs its script"})
		if !wait(t.ctx, t.between("script "+m.dc.cfg.Name, 800*time.Millisecond, 2*time.Second)) {
			return
		}
		m.stop() // pkill standalone
		spec := m.spec
		if spec.Toolkit != nil {
			k := *spec.Toolkit
			k.Mode = "active"
			spec.Toolkit = &k
		}
		m.dc.mu.Lock()
		name := launchedName(m.spec, m.dc.nextJob)
		j := m.dc.launch(spec, name, t.between("submit "+m.dc.cfg.Name, 2*time.Second, 4*time.Second))
		m.dc.mu.Unlock()
		for !j.working(statePE) {
			if !wait(t.ctx, 100*time.Millisecond) {
				return
			}
		}
		t.truth.say(fact{What: "takeover_done", Target: m.dc.cfg.Name, Job: m.spec.Path, Cause: "launched"})
	})
}
