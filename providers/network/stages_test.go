//go:build linux

package network

import (
	"context"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers"
)

// A partition goes from everything to one port of one direction, and then refuses instead of dropping; nothing is healed in
// between, and nothing but what a stage names is touched.
func TestAPartitionChangesByStages(t *testing.T) {
	t.Parallel()
	mechanisms(t, func(t *testing.T, l *lab) {
		before, _ := l.world(t.Context())
		f := l.inject(t, "network_partition", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"]}`, time.Hour)
		l.try(t, []attempt{{"host", "tcp", "10.0.2.1:7", "no"}, {"far", "tcp", "10.0.1.10:8", "no"}, {"host", "tcp", "10.0.3.1:7", "yes"}})
		for _, stage := range []struct {
			args string
			try  []attempt
		}{
			{`"ports":[7],"direction":"out"`, []attempt{{"host", "tcp", "10.0.2.1:7", "no"}, {"host", "tcp", "10.0.2.1:8", "yes"}, {"far", "tcp", "10.0.1.10:7", "yes"}}},
			{`"ports":[8],"direction":"in"`, []attempt{{"host", "tcp", "10.0.2.1:7", "yes"}, {"far", "tcp", "10.0.1.10:8", "no"}, {"far", "tcp", "10.0.1.10:7", "yes"}}},
			{`"ports":[7],"protocol":"udp"`, []attempt{{"host", "tcp", "10.0.2.1:7", "yes"}, {"host", "udp", "10.0.2.1:7", "no"}, {"far", "udp", "10.0.1.10:7", "no"}}},
			{`"ports":[8],"protocol":"tcp","reject":true`, []attempt{{"host", "udp", "10.0.2.1:7", "yes"}, {"host", "tcp", "10.0.2.1:8", "refused"}, {"host", "tcp", "10.0.2.1:7", "yes"}}},
			{`"reject":false`, []attempt{{"host", "tcp", "10.0.2.1:7", "no"}, {"far", "tcp", "10.0.1.10:8", "no"}, {"host", "tcp", "10.0.3.1:7", "yes"}}},
		} {
			args := `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],` + stage.args + `}`
			if err := f.deed.(providers.Stager).Restage(t.Context(), f.handle, json.RawMessage(args)); err != nil {
				t.Fatalf("%s: %v", stage.args, err)
			}
			if err := f.deed.(providers.Armer).Renew(t.Context(), f.handle, lease(time.Hour)); err != nil {
				t.Fatalf("%s: %v", stage.args, err)
			}
			l.try(t, stage.try)
		}
		f.heal(t)
		if after, _ := l.world(t.Context()); after != before {
			t.Errorf("the host is not as it was:\n%s\n%s", before, after)
		}
	})
}

// reachedFrom is a machine that sees xdc come from an address.
type reachedFrom struct {
	machine
	peer string
}

func (m reachedFrom) Facts(ctx context.Context) (providers.Facts, error) {
	f, err := m.machine.Facts(ctx)
	f.Peer, f.Port = netip.MustParseAddr(m.peer), 22
	return f, err
}

// A host knows from where it is reached, and says before anything happens that a fault cuts this way. What cuts it is done
// after the answer is on its way, in a stage too.
func TestWhatCutsTheWayInIsSaidBefore(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	env := l.env()
	env.Machine = func(providers.Place) (providers.Machine, error) {
		return reachedFrom{machine{Node: l.host}, "10.0.2.1"}, nil
	}
	d := faultType(t, "network_partition").New(env)
	for args, cut := range map[string]bool{
		`{"hosts":["dc1.edge"],"from":["10.0.2.0/24"]}`:                   true,
		`{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"ports":[22]}`:      true,
		`{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"ports":[7]}`:       false,
		`{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"direction":"out"}`: false,
		`{"hosts":["dc1.edge"],"from":["10.0.3.0/24"]}`:                   false,
	} {
		h, err := d.Prepare(t.Context(), hostID, json.RawMessage(args))
		if err != nil {
			t.Fatal(err)
		}
		said := len(h.Found) == 1 && h.Found[0].Place == "dc1.edge" && strings.Contains(h.Found[0].Text, "(from 10.0.2.1): the host's own timer heals; there is no renewal, and the lease is the whole duration")
		if h.CutOff != cut || said != cut {
			t.Errorf("%s: cut off %v, and %v is said", args, h.CutOff, h.Found)
		}
	}
	h, err := d.Prepare(t.Context(), hostID, json.RawMessage(`{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"ports":[7]}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.(providers.Armer).Arm(t.Context(), h, lease(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := d.Inject(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	l.try(t, []attempt{{"host", "tcp", "10.0.2.1:8", "yes"}})
	start := time.Now()
	if err := d.(providers.Stager).Restage(t.Context(), h, json.RawMessage(`{"hosts":["dc1.edge"],"from":["10.0.2.0/24"]}`)); err != nil {
		t.Fatal(err)
	}
	for reach(l.host, "tcp", "10.0.2.1:8") != "no" {
		if time.Since(start) > 20*time.Second {
			t.Fatal("the last stage is not in force")
		}
	}
	armed{d, h}.heal(t)
}
