package network

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/providers"
)

func targets() map[string]providers.Target {
	return map[string]providers.Target{
		"dc1": {Name: "dc1", Networks: []string{"10.0.1.0/24"}, Hosts: []providers.Host{{Name: "edge", Address: "10.0.1.10"}}},
		"dc2": {Name: "dc2", Networks: []string{"10.0.2.0/24"}, Hosts: []providers.Host{{Name: "a", Address: "10.0.2.1"}, {Name: "b", Address: "10.0.2.2", Args: json.RawMessage(`{"port":2222}`)}}},
		"dc6": {Name: "dc6", Networks: []string{"fd00:6::/64"}, Hosts: []providers.Host{{Name: "edge", Address: "fd00:6::1"}}},
	}
}

func faultType(t *testing.T, name string) providers.FaultType {
	t.Helper()
	for _, f := range Provider().Faults {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no fault is called %s", name)
	return providers.FaultType{}
}

// severs prints pairs in short: "dc1>dc2:25091 total".
func severs(d providers.Description) []string {
	var out []string
	for _, s := range d.Severs {
		line := s.From + ">" + s.To
		for _, p := range s.Ports {
			line += fmt.Sprintf(":%d", p)
		}
		if s.Total {
			line += " total"
		}
		out = append(out, line)
	}
	return out
}

func TestTheDryRunSaysItInWords(t *testing.T) {
	for _, tc := range []struct {
		name, typ, args, summary string
		severs                   []string
		cuts                     bool
	}{
		{
			"both ways", "network_partition", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"]}`,
			"dc1 <-> dc2 dropped; everything else untouched",
			[]string{"dc1>dc2 total", "dc2>dc1 total"},
			false,
		},
		{
			"one way to a port", "network_partition", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"direction":"out","ports":[25091],"reject":true}`,
			"dc1 -> dc2:25091 rejected; dc2 -> dc1 and everything else untouched",
			[]string{"dc1>dc2:25091 total"},
			false,
		},
		{
			"inwards, by packets: the connections of both ways break", "network_partition", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"direction":"in","match":"packets"}`,
			"dc2 -> dc1 dropped; dc1 -> dc2 and everything else untouched",
			[]string{"dc1>dc2 total", "dc2>dc1 total"},
			false,
		},
		{
			"one host of two is not the whole data centre", "network_partition", `{"hosts":["dc2.a"],"from":["10.0.1.0/24"]}`,
			"dc2.a <-> dc1 dropped; everything else untouched",
			[]string{"dc2>dc1", "dc1>dc2"},
			false,
		},
		{
			"part of the other side's network", "network_partition", `{"hosts":["dc1.edge"],"from":["10.0.2.128/25"],"protocol":"tcp"}`,
			"dc1 <-> dc2 (tcp) dropped; everything else untouched",
			[]string{"dc1>dc2", "dc2>dc1"},
			false,
		},
		{
			"version 6", "network_partition", `{"hosts":["dc6.edge"],"from":["10.0.1.0/24","10.0.2.0/24"]}`,
			"dc6 <-> dc1, dc2 dropped; everything else untouched",
			[]string{"dc6>dc1 total", "dc1>dc6 total", "dc6>dc2 total", "dc2>dc6 total"},
			false,
		},
		{
			"a network that nobody declares", "network_partition", `{"hosts":["dc1.edge"],"from":["192.0.2.0/24"]}`,
			"dc1 <-> 192.0.2.0/24 dropped; everything else untouched", nil, false,
		},
		{
			"everything, the way of xdc included", "network_partition", `{"hosts":["dc1.edge"],"from":["0.0.0.0/0"]}`,
			"dc1 <-> dc2 dropped; everything else untouched",
			[]string{"dc1>dc2 total", "dc2>dc1 total"},
			true,
		},
		{
			"everything but ssh", "network_partition", `{"hosts":["dc2.b"],"from":["10.0.2.0/24","10.0.1.0/24"],"ports":[22]}`,
			"dc2.b <-> dc1:22 dropped; everything else untouched",
			[]string{"dc2>dc1:22", "dc1>dc2:22"},
			false,
		},
		{
			"the port of its ssh server", "network_partition", `{"hosts":["dc2.b"],"from":["10.0.2.0/24"],"ports":[2222]}`,
			"dc2.b <-> 10.0.2.0/24:2222 dropped; everything else untouched", nil, true,
		},
		{
			"loss", "network_loss", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"loss":0.125}`,
			"dc1 <-> dc2 loses 12.5% of its packets; everything else untouched",
			[]string{"dc1>dc2", "dc2>dc1"},
			false,
		},
		{
			"latency", "network_latency", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"latency":"200ms","jitter":"50ms","direction":"in"}`,
			"dc2 -> dc1 delayed by 200ms, plus or minus 50ms; dc1 -> dc2 and everything else untouched",
			[]string{"dc2>dc1"},
			false,
		},
		{
			"bandwidth", "network_bandwidth", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"rate":65536}`,
			"dc1 <-> dc2 limited to 64KiB a second; everything else untouched",
			[]string{"dc1>dc2", "dc2>dc1"},
			false,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d, ds := faultType(t, tc.typ).Describe(providers.Scope{Targets: targets()}, json.RawMessage(tc.args))
			if ds.HasErrors() {
				t.Fatal(ds.Err())
			}
			if d.Summary != tc.summary || d.CutsManagement != tc.cuts {
				t.Errorf("got %q, cuts %v; want %q, cuts %v", d.Summary, d.CutsManagement, tc.summary, tc.cuts)
			}
			if diff := cmp.Diff(tc.severs, severs(d)); diff != "" {
				t.Error(diff)
			}
			if tc.cuts != (len(ds) == 1 && ds[0].Code == diag.ProviderSelfCut) {
				t.Errorf("warnings: %v", ds)
			}
		})
	}
}

// What a plan says of its own way is what the host would say of it: from the address that the routes give.
func TestThePlanKnowsWhenItCutsItsOwnWay(t *testing.T) {
	host := targets()["dc1"].Hosts[0].Address
	for _, tc := range []struct {
		typ, args, from string
		cuts            bool
	}{
		{"network_partition", `{"hosts":["dc1.edge"],"from":["10.9.0.0/16"]}`, "10.9.0.1", true},
		{"network_partition", `{"hosts":["dc1.edge"],"from":["10.9.0.0/16"]}`, "::ffff:10.9.0.1", true},
		{"network_partition", `{"hosts":["dc1.edge"],"from":["10.9.0.0/16"]}`, "10.8.0.1", false},
		{"network_partition", `{"hosts":["dc1.edge"],"from":["10.9.0.0/16"]}`, "", false},
		{"network_partition", `{"hosts":["dc1.edge"],"from":["0.0.0.0/0"]}`, "10.9.0.1", true},
		{"network_partition", `{"hosts":["dc1.edge"],"from":["0.0.0.0/0"]}`, "", true},
		{"network_partition", `{"hosts":["dc1.edge"],"from":["0.0.0.0/0"],"direction":"out"}`, "", false},
		{"network_partition", `{"hosts":["dc1.edge"],"from":["10.0.1.0/24"]}`, "10.9.0.1", false},
		{"network_partition", `{"hosts":["dc1.edge"],"from":["10.9.0.0/16"],"reject":true,"direction":"in"}`, "10.9.0.1", true},
		{"network_partition", `{"hosts":["dc1.edge"],"from":["10.9.0.0/16"],"direction":"out"}`, "10.9.0.1", false},
		{"network_partition", `{"hosts":["dc1.edge"],"from":["10.9.0.0/16"],"direction":"out","match":"packets"}`, "10.9.0.1", true},
		{"network_partition", `{"hosts":["dc1.edge"],"from":["10.9.0.0/16"],"ports":[25091]}`, "10.9.0.1", false},
		{"network_partition", `{"hosts":["dc1.edge"],"from":["10.9.0.0/16"],"ports":[22]}`, "10.9.0.1", true},
		{"network_partition", `{"hosts":["dc1.edge"],"from":["10.9.0.0/16"],"protocol":"udp"}`, "10.9.0.1", false},
		{"network_blackhole", `{"hosts":["dc1.edge"],"to":["10.9.0.0/16"]}`, "10.9.0.1", true},
		{"network_loss", `{"hosts":["dc1.edge"],"from":["10.9.0.0/16"],"loss":1}`, "10.9.0.1", true},
		{"network_loss", `{"hosts":["dc1.edge"],"from":["10.9.0.0/16"],"loss":0.5}`, "10.9.0.1", false},
		{"network_latency", `{"hosts":["dc1.edge"],"from":["10.9.0.0/16"],"latency":"1s"}`, "10.9.0.1", false},
	} {
		s := providers.Scope{Targets: targets(), Ways: map[string]netip.Addr{}}
		if tc.from != "" {
			s.Ways[host] = netip.MustParseAddr(tc.from)
		}
		d, ds := faultType(t, tc.typ).Describe(s, json.RawMessage(tc.args))
		if ds.HasErrors() {
			t.Fatal(ds.Err())
		}
		if d.CutsManagement != tc.cuts || tc.cuts != (len(ds) == 1 && ds[0].Code == diag.ProviderSelfCut) {
			t.Errorf("%s %s from %q: cuts %v, %v", tc.typ, tc.args, tc.from, d.CutsManagement, ds)
		}
	}
}

func TestArgumentsThatCannotBeAreRefused(t *testing.T) {
	for _, tc := range []struct {
		typ, args string
		code      diag.Code
	}{
		{"network_partition", `{"hosts":[],"from":["10.0.2.0/24"]}`, diag.NetworkNoHosts},
		{"network_partition", `{"hosts":["dc1.edge"],"from":[]}`, diag.NetworkNoSource},
		{"network_partition", `{"hosts":["dc1.edge"],"from":["10.0.2"]}`, diag.NetworkBadPrefix},
		{"network_partition", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"ports":[0]}`, diag.NetworkBadPort},
		{"network_partition", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"ports":[1],"protocol":"icmp"}`, diag.NetworkBadPort},
		{"network_partition", `{"hosts":["dc1.nowhere"],"from":["10.0.2.0/24"]}`, diag.ProviderArgument},
		{"network_loss", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"loss":0}`, diag.NetworkNothing},
		{"network_latency", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"latency":"0s"}`, diag.NetworkNothing},
		{"network_latency", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"latency":"10ms","jitter":"20ms"}`, diag.NetworkSelectors},
	} {
		_, ds := faultType(t, tc.typ).Describe(providers.Scope{Targets: targets()}, json.RawMessage(tc.args))
		if len(ds.Errors()) == 0 || ds[0].Code != tc.code || len(ds[0].Path) == 0 {
			t.Errorf("%s %s: got %v, want %s", tc.typ, tc.args, ds, tc.code)
		}
		d := faultType(t, tc.typ).New(providers.Env{Targets: targets(), Links: func(providers.Place) (providers.Links, error) { return &mechanism{}, nil }})
		if _, err := d.Prepare(t.Context(), providers.StepID{}, json.RawMessage(tc.args)); err == nil {
			t.Errorf("%s %s: prepare takes it", tc.typ, tc.args)
		}
	}
}

// mechanism is one host's rules.
type mechanism struct {
	rules []providers.LinkRule
	fail  error // of Apply
	blind error // of Rules
	ended bool
}

func (m *mechanism) Apply(ctx context.Context, r providers.LinkRule) error {
	if m.fail != nil {
		return m.fail
	}
	_ = m.Remove(ctx, r.Name)
	m.rules = append(m.rules, r)
	return nil
}

func (m *mechanism) Remove(_ context.Context, name string) error {
	for i, r := range m.rules {
		if r.Name == name {
			m.rules = append(m.rules[:i], m.rules[i+1:]...)
			break
		}
	}
	return nil
}
func (m *mechanism) Rules(context.Context) ([]providers.LinkRule, error) { return m.rules, m.blind }
func (m *mechanism) Arm(context.Context, string, providers.Lease) error  { return nil }
func (m *mechanism) Renew(context.Context, string, providers.Lease) error {
	if m.ended {
		return fmt.Errorf("too late: %w", providers.ErrLeaseEnded)
	}
	return nil
}
func (m *mechanism) Disarm(context.Context, string) error { return nil }
func (m *mechanism) Describe(providers.LinkRule) []string { return nil }

func pair() (providers.Env, map[string]*mechanism) {
	ms := map[string]*mechanism{"dc2.a": {}, "dc2.b": {}}
	return providers.Env{Targets: targets(), Links: func(p providers.Place) (providers.Links, error) {
		if m := ms[p.String()]; m != nil {
			return m, nil
		}
		return nil, fmt.Errorf("no mechanism at %s: %w", p, providers.ErrUnsupported)
	}}, ms
}

const twoHosts = `{"hosts":["dc2.b","dc2.a","dc2.b"],"from":["10.0.1.0/24"],"loss":0.5}`

var id = providers.StepID{Run: "20260101T000000Z-abcdefgh", Step: "fault.network_loss.x"}

func TestAnInjectThatFailsHalfWayIsHealedEverywhere(t *testing.T) {
	env, ms := pair()
	ms["dc2.a"].rules = []providers.LinkRule{{Name: "somebody's"}}
	ms["dc2.b"].fail = errors.New("disk full")
	d := faultType(t, "network_loss").New(env)
	h, err := d.Prepare(t.Context(), id, json.RawMessage(twoHosts))
	if err != nil || len(h.Places) != 2 {
		t.Fatalf("got %+v, %v", h, err)
	}
	if err := d.Inject(t.Context(), h); err == nil || !strings.Contains(err.Error(), "dc2.b") || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("inject: %v", err)
	}
	if e, err := d.Verify(t.Context(), h); err != nil || e.InForce {
		t.Errorf("half a fault is verified: %+v, %v", e, err)
	}
	if err := d.Heal(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if len(ms["dc2.a"].rules) != 1 || len(ms["dc2.b"].rules) != 0 {
		t.Errorf("left: %+v %+v", ms["dc2.a"].rules, ms["dc2.b"].rules)
	}
}

func TestVerifyReadsTheRuleBack(t *testing.T) {
	env, ms := pair()
	d := faultType(t, "network_loss").New(env)
	h, err := d.Prepare(t.Context(), id, json.RawMessage(twoHosts))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Inject(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if e, err := d.Verify(t.Context(), h); err != nil || !e.InForce || !strings.Contains(e.Evidence, "dc2.a") {
		t.Errorf("got %+v, %v", e, err)
	}
	ms["dc2.a"].rules[0].Loss = 0.1
	if _, err := d.Verify(t.Context(), h); err == nil || !strings.Contains(err.Error(), "something else has changed it") {
		t.Errorf("a rule that was changed says %v", err)
	}
	ms["dc2.a"].blind = errors.New("no answer")
	if _, err := d.VerifyHealed(t.Context(), h); err == nil {
		t.Error("healed is verified although nobody could look")
	}
}

func TestStagesReplaceTheRuleInPlace(t *testing.T) {
	env, ms := pair()
	d := faultType(t, "network_loss").New(env).(providers.Stager)
	h, err := d.(providers.Deed).Prepare(t.Context(), id, json.RawMessage(twoHosts))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Restage(t.Context(), h, json.RawMessage(strings.Replace(twoHosts, "0.5", "0.75", 1))); err != nil {
		t.Fatal(err)
	}
	if r := ms["dc2.b"].rules; len(r) != 1 || r[0].Loss != 0.75 || r[0].Name != h.Names[0] {
		t.Errorf("got %+v", r)
	}
	if err := d.Restage(t.Context(), h, json.RawMessage(`{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"loss":0.5}`)); err == nil || !strings.Contains(err.Error(), "dc1.edge") {
		t.Errorf("a stage at another host says %v", err)
	}
}

func TestWhatIsLeftOfAnEarlierAttemptIsNotTrampledOn(t *testing.T) {
	env, ms := pair()
	ms["dc2.a"].rules = []providers.LinkRule{{Name: providers.UniqueName(id.Run, id.Step)}}
	if _, err := faultType(t, "network_loss").New(env).Prepare(t.Context(), id, json.RawMessage(twoHosts)); err == nil || !strings.Contains(err.Error(), "xdc recover") {
		t.Errorf("got %v", err)
	}
}

func TestATargetWithoutAMechanismIsNamed(t *testing.T) {
	env, _ := pair()
	_, err := faultType(t, "network_partition").New(env).Prepare(t.Context(), id, json.RawMessage(`{"hosts":["dc1.edge"],"from":["10.0.2.0/24"]}`))
	if !errors.Is(err, providers.ErrUnsupported) || !strings.Contains(err.Error(), "dc1.edge") {
		t.Errorf("got %v", err)
	}
}

func TestALeaseThatEndedAnywhereHasEnded(t *testing.T) {
	env, ms := pair()
	d := faultType(t, "network_loss").New(env)
	h, err := d.Prepare(t.Context(), id, json.RawMessage(twoHosts))
	if err != nil {
		t.Fatal(err)
	}
	ms["dc2.b"].ended = true
	if err := d.(providers.Armer).Renew(t.Context(), h, providers.Lease{}); !errors.Is(err, providers.ErrLeaseEnded) {
		t.Errorf("got %v", err)
	}
}

func FuzzArguments(f *testing.F) {
	f.Add([]byte(twoHosts))
	f.Add([]byte(`{"hosts":["dc1.edge"],"from":["::/0"],"ports":[1,2.5],"latency":"1h"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, ft := range Provider().Faults {
			ft.Describe(providers.Scope{Targets: targets()}, raw)
		}
	})
}
