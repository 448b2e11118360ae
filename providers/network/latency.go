package network

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
	"github.com/xdc-project/xdc/providers/shell"
)

// queues lays out a delay: packets that leave are marked by a table of nftables and wait in a queue at the interface; those
// that arrive take a way round through an interface of our own (ifb), whose queue they wait in.
func queues(ctx context.Context, s site, r providers.LinkRule) (host.Work, error) {
	if s.facts.Qdiscs != nil && !slices.Contains(s.facts.Qdiscs, "netem") {
		return host.Work{}, fmt.Errorf("its kernel has no netem (module sch_netem), without which packets cannot be delayed: use the fault toxiproxy where the traffic can be led through a proxy: %w", providers.ErrUnsupported)
	}
	us := func(ms float64) string { return strconv.FormatInt(int64(math.Round(ms*1000)), 10) + "us" }
	// The queue must hold what a fast line carries in the time that each packet waits.
	return queueWork(ctx, s, r, "netem limit 200000 delay "+us(r.LatencyMS)+" "+us(r.JitterMS))
}

// LatencyIn is network_latency with another queue than netem, given as tc takes it ("pfifo limit 1000"): fault tests try
// everything but the delay itself with it, where the kernel has no netem.
func LatencyIn(queue string) providers.FaultType {
	k := latency()
	k.lay = func(ctx context.Context, s site, r providers.LinkRule) (host.Work, error) {
		return queueWork(ctx, s, r, queue)
	}
	return k.faultType()
}

// queueWork is a work in which the packets of a rule pass a queue, given as tc takes it.
func queueWork(ctx context.Context, s site, r providers.LinkRule, queue string) (host.Work, error) {
	for _, tool := range []string{"nft", "tc", "ip"} {
		if !s.facts.Has(tool) {
			return host.Work{}, fmt.Errorf("there is no %s, without which packets cannot be led into a queue: install nftables and iproute2: %w", tool, providers.ErrUnsupported)
		}
	}
	if r.Match != "packets" && r.Direction != "both" {
		return host.Work{}, fmt.Errorf("what arrives is delayed before the kernel knows who has opened its connection: write match = \"packets\", or direction = \"both\": %w", providers.ErrUnsupported)
	}
	nets := canonical(r.Networks)
	var filters []string
	if len(openers(r, arriving)) > 0 {
		filters = u32(r, nets)
	}
	if len(filters) > maxFilters {
		return host.Work{}, fmt.Errorf("networks times ports make %d filters for what arrives; at most %d are set up: name fewer, or larger networks", len(filters), maxFilters)
	}
	rules := ""
	major := strconv.FormatInt(int64(0x7000|tableOf(r.Name)&0xfff), 16)
	if len(openers(r, leaving)) > 0 {
		rules = marks(r, nets, major)
	}
	set := func(text string) shell.Script {
		return shell.Script{Text: text}.Set("RULES", rules).Set("FAR4", words(nets.v4)).Set("FAR6", words(nets.v6)).Set("MAJOR", major).
			Set("SIDE", "xdc"+r.Name[max(len(r.Name)-8, 0):]).Set("QUEUE", queue).Set("FILTERS", strings.Join(filters, "\n"))
	}
	look := set(nftTools + queueTools + "q_devices && q_free && { [ -z \"$RULES\" ] || { printf '%s\\n' \"$RULES\"; n_fill 60; } | nft -c -f -; }")
	out, err := s.machine.Run(ctx, named(look, "look for the interfaces", r.Name))
	if err != nil {
		return host.Work{}, err
	}
	if out.Exit != 0 {
		return host.Work{}, fmt.Errorf("%s: %w", strings.TrimSpace(out.Stderr), providers.ErrUnsupported)
	}
	devices := out.Stdout
	with := func(text string) shell.Script { return set(nftTools+queueTools+text).Set("DEVICES", devices) }
	return host.Work{
		State: shell.Script{Text: queueState + nftState}, Inject: with("q_load"), Verify: with("q_verify"), Renew: with("! n_have || n_renew"),
		Undo: with("q_undo"), Left: with("q_left"),
	}, nil
}

func named(s shell.Script, what, name string) shell.Script {
	s.Name = what
	return s.Set("XDC_NAME", name)
}

// maxFilters bounds the filters of one interface: the kernel tries them one after the other.
const maxFilters = 1024

// marks is the table that sends what leaves to the queue: the packet's priority is the name of a class of htb.
func marks(r providers.LinkRule, nets prefixes, major string) string {
	t := &table{name: r.Name}
	t.sets(nets, r.Ports)
	t.chain(string(leaving), "", "meta priority set "+major+":10")
	t.hook("postrouting", latest, nftMatches(r, nets, leaving), `oifname "lo" accept`)
	return t.String()
}

// u32 are filters for what arrives, as tc takes them after the preference: one a line.
func u32(r providers.LinkRule, nets prefixes) []string {
	numbers := map[string]int{"tcp": 6, "udp": 17}
	var out []string
	for _, f := range []struct {
		protocol, ip, pref string
		nets               []string
		icmp               int
	}{{"ip", "ip", "1", nets.v4, 1}, {"ipv6", "ip6", "2", nets.v6, 58}} {
		for _, n := range f.nets {
			base := "pref " + f.pref + " protocol " + f.protocol + " u32 match " + f.ip + " src " + n
			if len(protocols(r)) == 0 {
				out = append(out, base)
			}
			for _, p := range protocols(r) {
				number := numbers[p]
				if p == "icmp" {
					number = f.icmp
				}
				one := fmt.Sprintf("%s match %s protocol %d 0xff", base, f.ip, number)
				if len(r.Ports) == 0 {
					out = append(out, one)
				}
				for _, port := range r.Ports {
					out = append(out, fmt.Sprintf("%s match %s dport %d 0xffff", one, f.ip, port), fmt.Sprintf("%s match %s sport %d 0xffff", one, f.ip, port))
				}
			}
		}
	}
	return out
}
