//go:build linux

package network

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
)

func TestDelaysNeedNetem(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	env := l.env()
	env.Machine = func(providers.Place) (providers.Machine, error) {
		return machine{Node: l.host, qdiscs: []string{"htb"}}, nil
	}
	_, err := faultType(t, "network_latency").New(env).Prepare(t.Context(), hostID, json.RawMessage(`{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"latency":"100ms"}`))
	if !errors.Is(err, providers.ErrUnsupported) || !strings.Contains(err.Error(), "toxiproxy") {
		t.Errorf("got %v", err)
	}
}

func TestQueuesConform(t *testing.T) {
	t.Parallel()
	providertest.Run(t, LatencyIn("pfifo limit 1000"), func(t *testing.T, try func(*testing.T, *providertest.World)) {
		l := newLab(t)
		l.host.Shell = []string{"dash"}
		try(t, &providertest.World{
			Env: l.env(), Fresh: l.env, ID: hostID, Args: json.RawMessage(`{"hosts":["dc1.edge"],"from":["10.0.2.0/24","fd00:2::/64"],"latency":"100ms","ports":[7]}`), TTL: 2 * time.Second,
			Scope: providers.Scope{Targets: targets()}, State: l.world,
		})
	})
}

// TestWhatWaitsInAQueue leads packets into a queue that is very slow, and sees which are.
func TestWhatWaitsInAQueue(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		more string
		slow []attempt
		fast []attempt
	}{
		{``, []attempt{{"host", "tcp", "10.0.2.1:7", "no"}, {"far", "tcp", "10.0.1.10:7", "no"}, {"far", "tcp", "[fd00:1::10]:7", "no"}}, []attempt{{"host", "tcp", "10.0.3.1:7", "yes"}, {"host", "tcp", "127.0.0.1:7", "yes"}}},
		{`,"direction":"in","match":"packets","ports":[7]`, []attempt{{"host", "udp", "10.0.2.1:7", "no"}, {"far", "udp", "[fd00:1::10]:7", "no"}}, []attempt{{"host", "udp", "10.0.2.1:8", "yes"}, {"host", "tcp", "10.0.3.1:7", "yes"}}},
		{`,"direction":"out","match":"packets","protocol":"udp"`, []attempt{{"host", "udp", "10.0.2.1:7", "no"}}, []attempt{{"host", "tcp", "10.0.2.1:7", "yes"}, {"host", "udp", "10.0.3.1:8", "yes"}}},
	} {
		l := newLab(t)
		d := LatencyIn("tbf rate 8bit burst 10 limit 100000").New(l.env())
		h, err := d.Prepare(t.Context(), hostID, json.RawMessage(`{"hosts":["dc1.edge"],"from":["10.0.2.0/24","fd00:2::/64"],"latency":"100ms"`+tc.more+`}`))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.(providers.Armer).Arm(t.Context(), h, lease(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := d.Inject(t.Context(), h); err != nil {
			t.Fatal(err)
		}
		l.try(t, tc.fast)
		l.try(t, tc.slow)
		armed{d, h}.heal(t)
		for _, a := range tc.slow {
			l.try(t, []attempt{{a.from, a.network, a.address, "yes"}})
		}
	}
}

func TestAQueueThatSomebodyHasSetUpIsNotReplaced(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.host.Must(t, "tc", "qdisc", "add", "dev", "wan", "root", "handle", "5:", "pfifo", "limit", "99")
	_, err := LatencyIn("pfifo limit 1000").New(l.env()).Prepare(t.Context(), hostID, json.RawMessage(`{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"latency":"100ms"}`))
	if !errors.Is(err, providers.ErrUnsupported) || !strings.Contains(err.Error(), "wan has a queue that somebody has set up (pfifo 5)") {
		t.Errorf("got %v", err)
	}
}
