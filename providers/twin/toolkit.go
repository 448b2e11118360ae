package twin

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/xdc-project/xdc/providers"
)

// The operators of the toolkit's composite, as a running job names them (reference: section 3 of the toolkit's source,
// version 1.0.1; that 2.0.0 is the same is an assumption).
const prefix = "CrossDCFailover."

// part is a group of the composite's operators that always share a PE.
type part int

// The parts.
const (
	generating part = iota // the tick, and what builds heartbeats
	sending
	receiving
	watching // the heartbeats
	storing  // the snapshots
	merging
	parts // how many there are
)

// operatorsOf are the operators of each part.
var operatorsOf = [parts][]string{
	generating: {prefix + "HeartbeatSignalGenerator", prefix + "HeartbeatMessagePreparer"},
	sending:    {prefix + "CrossDataCenterSender1", prefix + "CrossDataCenterSender2"},
	receiving:  {prefix + "CrossDataCenterReceiverForHB", prefix + "CrossDataCenterReceiver"},
	watching:   {prefix + "RemoteDataCenterHeartbeatWatchdog"},
	storing:    {prefix + "RemoteDataCenterWatchdog"},
	merging:    {prefix + "RemoteDCDataMerger"},
}

// allParts lists the parts.
func allParts() []part {
	out := make([]part, parts)
	for i := range out {
		out[i] = part(i)
	}
	return out
}

// fusion says which parts share a PE. Assumption twin.pes.
func fusion(apart bool) [][]part {
	if !apart {
		return [][]part{allParts()}
	}
	var out [][]part
	for _, p := range allParts() {
		out = append(out, []part{p})
	}
	return out
}

// What the sender and the receivers are built with (defaults of the toolkit).
const (
	connectLimit  = 25 * time.Second
	readLimit     = 100 * time.Second
	senderQueue   = 1000 // assumption twin.queues
	receiverQueue = 40   // threaded ports of the two watchdogs; the one in front waits while they are full
)

// toolkit is one invocation of the composite: two small state machines driven by one tick, senders and receivers. Assumption twin.toolkit.
type toolkit struct {
	dc     *dc
	spec   Job
	job    *job // nil in a passive monitor
	cfg    providers.Toolkit
	active bool
	onDown func() // of a passive monitor
	client *http.Client

	ctx    context.Context
	cancel context.CancelFunc

	mu    sync.Mutex
	parts [parts]*launch // nil: the part does not run
	still chan struct{}  // closed when a passive monitor's threads go on; nil while they do
}

// launch is a part while its PE runs. What it knows is forgotten with it. Assumption twin.partial.
type launch struct {
	kit    *toolkit
	part   part
	proc   Proc // nil in a passive monitor that is made up
	host   int
	ctx    context.Context
	cancel context.CancelFunc
	serve  []*http.Server

	hb     chan []byte   // tuples in front of the sender of heartbeats
	data   []chan []byte // tuples in front of the senders of snapshots, by channel
	beats  chan []byte   // tuples in front of the watchdog
	ticks  chan struct{}
	stores chan stored // tuples in front of the data watchdog

	preparer preparer
	watchdog watchdog
	names    []string // snapshots that the data watchdog remembers
	found    []int    // the machine that each sender remembers, heartbeats' first; -1: none
}

func newToolkit(d *dc, spec Job, j *job, cfg providers.Toolkit) *toolkit {
	k := &toolkit{dc: d, spec: spec, job: j, cfg: cfg, active: cfg.Mode != "passive"}
	k.ctx, k.cancel = context.WithCancel(d.twin.ctx)
	k.client = &http.Client{Timeout: k.connectLimit() + k.readLimit(), Transport: &http.Transport{
		DisableKeepAlives:     true, // one connection a message
		DialContext:           k.dial,
		ResponseHeaderTimeout: k.readLimit(),
	}}
	return k
}

// connectLimit and readLimit are httpConnectionTimeout and httpReadTimeout.
func (k *toolkit) connectLimit() time.Duration { return orElse(k.cfg.ConnectTimeout.D(), connectLimit) }
func (k *toolkit) readLimit() time.Duration    { return orElse(k.cfg.ReadTimeout.D(), readLimit) }

func orElse(d, fallback time.Duration) time.Duration {
	if d <= 0 {
		return fallback
	}
	return d
}

// pairs is how many senders and receivers of snapshots there are.
func (k *toolkit) pairs() int { return max(k.cfg.Pairs, 1) }

// dial opens a connection from the senders' host.
func (k *toolkit) dial(ctx context.Context, network, address string) (net.Conn, error) {
	// The transport lets a dial outlive its request; the toolkit's end must end it.
	ctx, cancel := context.WithTimeout(ctx, k.connectLimit())
	defer cancel()
	defer context.AfterFunc(k.ctx, cancel)() //nolint:contextcheck // the toolkit has a life of its own
	host := 0
	if l := k.running(sending); l != nil {
		host = l.host
	}
	return k.dc.twin.net.Dial(k.dc.node(host))(ctx, network, address)
}

// running is a part's launch; nil while its PE does not run.
func (k *toolkit) running(p part) *launch {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.parts[p]
}

// up starts parts in a PE's process.
func (k *toolkit) up(ps []part, proc Proc, host int) {
	for _, p := range ps {
		l := k.launch(p, proc, host)
		k.mu.Lock()
		if k.ctx.Err() != nil || k.parts[p] != nil {
			k.mu.Unlock()
			l.cancel()
			continue
		}
		k.parts[p] = l
		k.mu.Unlock()
		l.start()
	}
}

// launch makes a part that knows nothing yet.
func (k *toolkit) launch(p part, proc Proc, host int) *launch {
	l := &launch{
		kit: k, part: p, proc: proc, host: host, preparer: preparer{count: 1}, found: []int{-1},
		hb: make(chan []byte, senderQueue), beats: make(chan []byte, receiverQueue),
		ticks: make(chan struct{}, senderQueue), stores: make(chan stored, receiverQueue),
	}
	for range k.pairs() {
		l.data, l.found = append(l.data, make(chan []byte, senderQueue)), append(l.found, -1)
	}
	l.ctx, l.cancel = context.WithCancel(k.ctx)
	return l
}

// start sets a part to work.
func (l *launch) start() {
	t := l.kit.dc.twin
	switch l.part {
	case generating:
		t.run(l.generate)
	case sending:
		t.run(func() { l.send(l.hb, heartbeats) })
		for n := range l.data {
			t.run(func() { l.send(l.data[n], snapshots+channel(n)) })
		}
	case receiving:
		l.receive()
	case watching:
		t.run(l.watch)
	case storing:
		t.run(l.store)
	case merging, parts:
	}
}

// down takes parts down with their PE.
func (k *toolkit) down(ps []part) {
	for _, p := range ps {
		k.mu.Lock()
		l := k.parts[p]
		k.parts[p] = nil
		var servers []*http.Server
		if l != nil {
			servers, l.serve = l.serve, nil
		}
		k.mu.Unlock()
		if l == nil {
			continue
		}
		l.cancel()
		for _, s := range servers {
			_ = s.Close() // connections end with it
		}
	}
}

// stop ends everything.
func (k *toolkit) stop() {
	k.cancel()
	k.down(allParts())
	k.client.CloseIdleConnections()
}

// turn is passed before each piece of a part's work. It waits while the PE is hung.
func (l *launch) turn() error {
	l.kit.mu.Lock()
	still := l.kit.still
	l.kit.mu.Unlock()
	if still != nil {
		select {
		case <-still:
		case <-l.ctx.Done():
		}
	}
	if l.proc == nil {
		return l.ctx.Err()
	}
	return l.proc.Turn(l.ctx)
}

// standStill has the threads of a passive monitor wait until the function that it returns is called.
func (k *toolkit) standStill() (on func()) {
	ch := make(chan struct{})
	k.mu.Lock()
	k.still = ch
	k.mu.Unlock()
	return func() {
		k.mu.Lock()
		k.still = nil
		k.mu.Unlock()
		close(ch)
	}
}

func (k *toolkit) say(what, cause string) {
	k.dc.twin.truth.say(fact{What: what, Target: k.dc.cfg.Name, Job: k.spec.Path, Cause: cause})
}

func (k *toolkit) count(op, path string) {
	if k.job != nil {
		k.job.add(prefix+op+"/"+path, 1)
	}
}

// own is the name of this data centre in messages.
func (k *toolkit) own() string { return k.dc.cfg.Name }

// special is a message to the toolkit through the application's own channel.
func (k *toolkit) special(text string) {
	switch text {
	case "OrderlyShutdown":
		k.shutDown()
	case "SendMeDataFromSnapshotFiles":
		k.handAll(messageSnapshot, "asked for by a special message")
	}
}

// shutDown tells the other side, and falls silent until a restart.
func (k *toolkit) shutDown() {
	g, w := k.running(generating), k.running(watching)
	k.mu.Lock()
	if g != nil {
		g.preparer.quiet = true
	}
	if w != nil {
		w.watchdog.quiet = true
	}
	k.mu.Unlock()
	if g == nil {
		return
	}
	k.count("HeartbeatMessagePreparer", "out/1/nTuplesSubmitted")
	k.post(snapshots, message{kind: messageShutdown, origin: k.own()})
	k.say("orderly_shutdown", "")
	k.log("ERROR", "Heartbeat-Message-Preparer", "We sent an orderly shutdown message from the local DC %s", k.own())
}

// post puts a message in front of a sender, and waits for room while the queue is full (the toolkit reference's section 3: Sys.Wait). While
// there is no sender it is dropped. Assumption twin.queues.
func (k *toolkit) post(c channel, m message) {
	l := k.running(sending)
	if l == nil {
		return
	}
	ch := l.hb
	if c >= snapshots {
		ch = l.data[int(c-snapshots)%len(l.data)]
	}
	from := k.ctx
	if g := k.running(generating); g != nil {
		from = g.ctx // it is its thread that waits, and ends with its PE
	}
	select {
	case ch <- m.encode():
	case <-l.ctx.Done():
	case <-from.Done():
	}
}

// peers are the machines of the other side, in order.
func (k *toolkit) peers() []providers.Host {
	peer := k.dc.peers[k.spec.Path]
	if peer == nil {
		return nil
	}
	return slices.Clone(peer.hosts)
}

// waiting is how many tuples wait in front of the operators with queues, by the path of the metric.
func (k *toolkit) waiting() map[string]int64 {
	if k == nil {
		return nil
	}
	out := map[string]int64{}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, l := range k.parts {
		if l == nil {
			continue
		}
		switch l.part {
		case sending:
			out[prefix+"CrossDataCenterSender1/in/0/nTuplesQueued"] = int64(len(l.hb))
			n := 0
			for _, ch := range l.data {
				n += len(ch)
			}
			out[prefix+"CrossDataCenterSender2/in/0/nTuplesQueued"] = int64(n)
		case watching:
			out[prefix+"RemoteDataCenterHeartbeatWatchdog/in/0/nTuplesQueued"] = int64(len(l.beats))
		case storing:
			out[prefix+"RemoteDataCenterWatchdog/in/0/nTuplesQueued"] = int64(len(l.stores))
		case generating, receiving, merging, parts:
		}
	}
	return out
}
