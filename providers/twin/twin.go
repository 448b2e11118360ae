// Package twin is a model of Streams data centres that a real client of the real API cannot tell: the REST management
// API, the Data Exchange service, and an application built with the cross data center failover toolkit.
//
// It works on the network it is given, in memory or over loopback, and inside a testing/synctest bubble. It knows the
// truth and writes it down apart; nothing of xdc reads that but tests. What it assumes about the platform without
// a public source is in Assumptions.
package twin

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/twin/api"
	"github.com/xdc-project/xdc/providers/twin/wire"
)

// Config says what to model.
type Config struct {
	Seed    uint64
	Targets []Target
	Jobs    []Job
	// Truth receives what really happened, one JSON object a line; may be nil.
	Truth io.Writer
	// Key is the field that identifies a record in the truth; default event_id.
	Key string
	// Token guards the control endpoint.
	Token string
	// API is 5 where the REST API of releases 5.x is served beside that of 7.2.
	API int
	// Errors is the shape of the errors of the management API.
	Errors api.Shape
	// Processes starts the processes of PEs; nil makes them up.
	Processes Processes
	// Root is the folder that stands for the root of the file systems of a host, by its address ("": any of the target's);
	// nil keeps files in memory. RealDisks says that the file systems are the hosts' own, with faults of their own.
	Root      func(target, host string) string
	RealDisks bool
	// Monitors starts the standalone programs of passive sides; nil makes them up.
	Monitors Monitors
	// Script is what passive sides launch, a file of this machine that is really run. Empty: what the toolkit's sample does,
	// made up. Where monitors are made up, what it writes goes to ScriptLog, which must not be nil then.
	Script    string
	ScriptLog io.Writer
	// CAFile is where a script finds the authority that has signed the certificates.
	CAFile string
}

// Network is what a twin's nodes are connected by: the wire, or a lab's real one.
type Network interface {
	// Add adds a node. Its addresses are those that plans declare; services are found by their names.
	Add(node wire.Node)
	// Dial opens connections from a node.
	Dial(from string) func(ctx context.Context, network, address string) (net.Conn, error)
	// Listen listens at a node under a declared "host:port".
	Listen(node, declared string) (net.Listener, error)
	// Address is where a listener can really be reached.
	Address(declared string) string
	// Apply, Remove and Rules are the wire's faults; a real network refuses them.
	Apply(r providers.LinkRule) error
	Remove(host, name string) bool
	Rules(host string) []providers.LinkRule
	Close()
}

// Target is a data centre.
type Target struct {
	Name     string
	Networks []string
	Hosts    []providers.Host
	Instance string
	Username string
	Password string
	// Service is the address of the platform's services where the network is real; nil elsewhere.
	Service net.IP
	// Snapshots is where the other side's snapshots are kept: "file" (the default) or "row", of a database.
	Snapshots string
	// Inet is where inetserver operators of its applications listen, host:port; empty: nowhere.
	Inet string
	// Clock is how far the clock of its servers is ahead of the true time; behind is negative.
	Clock time.Duration
	// Resources are what hosts are called as resources of the domain, by their names, where that is something else.
	Resources map[string]string
	// Trouble is what its services do wrong without being told so while they run.
	Trouble []TimedTrouble
}

// Job is a job of the plan that the twin can run at one target.
type Job struct {
	Target      string
	Path        string // "job.orders"
	Application string // "keyed_counter", one of the names in lang/schema
	Inputs      []string
	Outputs     []string
	// Inet are those of the inputs and outputs that are inetserver operators.
	Inet []string
	// Endpoints says what some endpoints are like.
	Endpoints []Endpoint
	// Adopt is the name of a job that runs from the start; Launched the pattern of one that a passive monitor starts.
	Adopt    string
	Launched string
	Bundle   string
	Toolkit  *providers.Toolkit
	// Apart says that the toolkit's operators are in PEs of their own instead of one.
	Apart bool
	// Tracing is the level that its PEs trace at where a submission does not say; empty: the platform's default.
	Tracing api.TraceLevel
	// Special is where the application takes special messages for its toolkit, host:port of one of the target's hosts;
	// empty: nowhere.
	Special string
}

// RunnerNode is the node that xdc dials from.
const RunnerNode = "runner"

// Ports of the twin's services.
const (
	restPort    = "9714"
	dataPort    = "9715"
	controlHost = "control.twin"
	controlPort = "9700"
)

// Twin is a model under way.
type Twin struct {
	cfg   Config
	net   Network
	ca    *authority
	dcs   []*dc
	truth *truth
	start time.Time

	processes Processes
	accepted  atomic.Int64 // records that the applications have taken in

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex
	servers []*http.Server
	control *controlServer
}

// New lays the model out on a network. Start brings it up.
func New(cfg Config, n Network) (*Twin, error) {
	if cfg.Key == "" {
		cfg.Key = "event_id"
	}
	ca, err := newAuthority()
	if err != nil {
		return nil, err
	}
	t := &Twin{cfg: cfg, net: n, ca: ca, start: time.Now(), processes: cfg.Processes}
	if t.processes == nil {
		t.processes = madeUp{}
	}
	t.truth = &truth{w: cfg.Truth, start: t.start}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	n.Add(wire.Node{Name: RunnerNode, Loopback: "127.0.0.1"})
	n.Add(wire.Node{Name: "control", Names: []string{controlHost}, Loopback: "127.0.0.1"})
	for i, target := range cfg.Targets {
		for _, q := range target.Trouble {
			if err := q.Check(); err != nil {
				return nil, fmt.Errorf("trouble of %s: %w", target.Name, err)
			}
		}
		d, err := t.newDC(i, target)
		if err != nil {
			return nil, err
		}
		t.dcs = append(t.dcs, d)
	}
	t.pair()
	return t, nil
}

// Start opens every service and brings up what runs from the start.
func (t *Twin) Start() error {
	for _, d := range t.dcs {
		d.trouble()
		if err := d.startREST(); err != nil {
			return err
		}
		if err := d.startData(); err != nil {
			return err
		}
		if err := d.startInet(); err != nil {
			return err
		}
		if err := d.begin(); err != nil {
			return err
		}
	}
	t.control = newControl(t)
	l, err := t.net.Listen("control", net.JoinHostPort(controlHost, controlPort))
	if err != nil {
		return err
	}
	t.serve(&http.Server{Handler: t.control, ReadHeaderTimeout: 10 * time.Second}, l)
	return nil
}

// Close ends everything and joins it. What is still in an application's state then is lost, and the truth says so.
func (t *Twin) Close() error {
	for _, d := range t.dcs {
		d.end()
	}
	t.cancel()
	t.mu.Lock()
	servers := t.servers
	t.mu.Unlock()
	for _, s := range servers {
		_ = s.Close() // connections end with it
	}
	t.net.Close()
	t.wg.Wait()
	return t.truth.err
}

// URL is the root of a target's management API.
func (t *Twin) URL(target string) string {
	path := "/streams"
	if t.cfg.API == 5 {
		path = olderPrefix
	}
	return "https://" + t.net.Address(net.JoinHostPort(serviceHost(target), restPort)) + path + "/resources"
}

// ControlURL is where links are cut and leases kept.
func (t *Twin) ControlURL() string {
	return "http://" + t.net.Address(net.JoinHostPort(controlHost, controlPort))
}

// CA is the authority that signed every certificate of the twin, in PEM.
func (t *Twin) CA() []byte { return t.ca.pem }

// Dial opens connections as xdc does.
func (t *Twin) Dial() func(ctx context.Context, network, address string) (net.Conn, error) {
	return t.net.Dial(RunnerNode)
}

func serviceHost(target string) string { return strings.ToLower(target) + ".twin" }

// serve runs an HTTP server until the twin ends.
func (t *Twin) serve(s *http.Server, l net.Listener) {
	s.ErrorLog = nil
	t.mu.Lock()
	t.servers = append(t.servers, s)
	t.mu.Unlock()
	t.run(func() { _ = s.Serve(l) }) // it ends with Close
}

// run starts a goroutine that the twin owns.
func (t *Twin) run(fn func()) {
	t.wg.Go(func() {
		fn()
	})
}

// rng is a source of randomness that depends on the seed and a name only.
func (t *Twin) rng(name string) *rand.Rand {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, t.cfg.Seed), name...))
	return rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])))
}

// between is a duration in [low, high) by the seed and a name.
func (t *Twin) between(name string, low, high time.Duration) time.Duration {
	return low + time.Duration(t.rng(name).Int64N(int64(max(high-low, 1))))
}

// Say writes down what really happened at an instant outside of the model, for a lab.
func (t *Twin) Say(at time.Time, what, id, cause string) {
	t.truth.sayAt(at, fact{What: what, ID: id, Cause: cause})
	t.truth.outside(what, id, cause)
}

// wait lets time pass; it reports false when the twin ends first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(max(d, 1))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Hosts are the i-th target's hosts with an address; a target without any has one, in the first of its networks.
func Hosts(i int, t Target) []providers.Host {
	var out []providers.Host
	for _, h := range t.Hosts {
		if _, err := netip.ParseAddr(h.Address); err == nil {
			out = append(out, h)
		}
	}
	if len(out) > 0 {
		return out
	}
	address := fmt.Sprintf("10.255.%d.10", i+1)
	for _, n := range t.Networks {
		if p, err := netip.ParsePrefix(n); err == nil {
			a := p.Masked().Addr()
			for range 10 {
				if next := a.Next(); p.Contains(next) {
					a = next
				}
			}
			address = a.String()
			break
		}
	}
	return []providers.Host{{Name: "host", Address: address}}
}

// pair finds for each job with a toolkit the data centre it talks to: the other one that has a job on the same port.
func (t *Twin) pair() {
	for _, d := range t.dcs {
		for _, j := range t.cfg.Jobs {
			if j.Target != d.cfg.Name || j.Toolkit == nil {
				continue
			}
			for _, k := range t.cfg.Jobs {
				if k.Target != d.cfg.Name && k.Toolkit != nil && portOf(k.Toolkit) == portOf(j.Toolkit) && d.peers[j.Path] == nil {
					d.peers[j.Path] = t.dc(k.Target)
				}
			}
		}
	}
}

func (t *Twin) dc(name string) *dc {
	i := slices.IndexFunc(t.dcs, func(d *dc) bool { return d.cfg.Name == name })
	if i < 0 {
		return nil
	}
	return t.dcs[i]
}

func portOf(k *providers.Toolkit) int {
	if k == nil || k.Port == 0 {
		return 25091
	}
	return k.Port
}
