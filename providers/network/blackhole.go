package network

import (
	"context"
	"fmt"
	"hash/crc32"
	"strconv"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
	"github.com/xdc-project/xdc/providers/shell"
)

func blackhole() kind {
	return kind{
		name: "network_blackhole",
		doc:  "Takes hosts the way to some networks: what they send there vanishes at their own routing, as if a router had forgotten the way. The host's own programs are told at once (\"invalid argument\"); what it forwards is dropped in silence. What comes from there still arrives, and the answers vanish.",
		example: `hosts    = [target.dc1.host.edge]
to       = target.dc2.networks
duration = "60s"`,
		to: true,
		only: []schema.Attribute{
			selectors()[0],
			{
				Name: "to", Type: cty.List(cty.String), Form: schema.Network, Required: true, Public: true,
				Description: "The networks that the hosts no longer find a way to.",
				Example:     "target.dc2.networks",
			},
		},
		effect: func(_ *arguments, r *providers.LinkRule) { r.Drop = true },
		words:  func(*arguments) string { return "without a route" },
		lay:    routes,
		means:  "a routing table of its own, with a rule that looks there first",
	}
}

// routes lays out a rule as blackhole routes: in a routing table of our own, which a routing rule asks first. Nobody
// else's routes or rules are touched.
func routes(_ context.Context, s site, r providers.LinkRule) (host.Work, error) {
	if !s.facts.Has("ip") {
		return host.Work{}, fmt.Errorf("there is no ip: install iproute2: %w", providers.ErrUnsupported)
	}
	nets := canonical(r.Networks)
	set := func(text string) shell.Script {
		return shell.Script{Text: routesTools + text}.Set("FAR4", words(nets.v4)).Set("FAR6", words(nets.v6)).Set("TABLE", strconv.Itoa(tableOf(r.Name))).Set("FIRST", strconv.Itoa(first))
	}
	return host.Work{State: set("r_state"), Inject: set("r_load"), Verify: set("r_verify"), Undo: set("r_undo"), Left: set("r_left")}, nil
}

// first is the priority of our routing rules: behind the host's own addresses (0), before what anybody else sets up.
const first = 97

// tableOf is the number of a fault's routing table: between 1879048192 and 2147483647, where nobody looks for one by hand.
func tableOf(name string) int { return 0x70000000 | int(crc32.ChecksumIEEE([]byte(name))&0x0fffffff) }

// routesTools are functions for the scripts of routes. They need FAR4 and FAR6 (networks), TABLE and FIRST.
const routesTools = `
r_state() {
	for r_f in -4 -6; do
		[ "$r_f" = -4 ] || [ -e /proc/net/if_inet6 ] || continue
		r_all=$(ip "$r_f" rule show && ip "$r_f" route show table all) || return 1
		# What xdc has put there stands in tables of its own; lifetimes of learnt routes run.
		printf '%s\n' "$r_all" | awk -v family="$r_f" '
			{
				for (i = 1; i < NF; i++) if (($i == "table" || $i == "lookup") && $(i + 1) + 0 >= 1879048192 && $(i + 1) + 0 <= 2147483647) next
				gsub(/ expires [0-9]+sec/, "")
				print family, $0
			}'
	done
}
r_rule() { ip "$1" rule show | grep -q "^$FIRST:.* lookup $TABLE *$"; }
r_load_one() { # FAMILY NETWORK...: first the table, then the rule, so that it all happens at once
	r_f=$1
	shift
	[ $# -gt 0 ] || return 0
	for r_n in "$@"; do ip "$r_f" route replace blackhole "$r_n" table "$TABLE" || return 1; done
	r_rule "$r_f" || ip "$r_f" rule add priority "$FIRST" lookup "$TABLE"
}
r_load() { r_load_one -4 $FAR4 && r_load_one -6 $FAR6; }
r_count() { { ip "$1" route show table "$TABLE" 2>/dev/null || :; } | grep -c '^blackhole '; }
r_verify_one() {
	r_f=$1
	shift
	[ $# -gt 0 ] || return 0
	r_rule "$r_f" || { echo "there is no routing rule for table $TABLE"; return 1; }
	r_k=$(r_count "$r_f")
	[ "$r_k" -eq $# ] || { echo "table $TABLE has $r_k of $# routes"; return 1; }
	for r_n in "$@"; do
		if ip "$r_f" route get "${r_n%/*}" >/dev/null 2>&1; then
			# The first address of a network may be one of the host itself, to which there is always a way.
			ip "$r_f" route get "${r_n%/*}" 2>/dev/null | grep -q '^\(local\|broadcast\|multicast\) ' || { echo "the host still finds a way to $r_n"; return 1; }
		fi
	done
}
r_verify() {
	r_verify_one -4 $FAR4 && r_verify_one -6 $FAR6 || return 1
	echo "there is no way to $FAR4 $FAR6 (routing table $TABLE)"
}
r_undo() {
	for r_f in -4 -6; do
		[ "$r_f" = -4 ] || [ -e /proc/net/if_inet6 ] || continue
		while r_rule "$r_f"; do ip "$r_f" rule del priority "$FIRST" lookup "$TABLE" || return 1; done
		[ "$(r_count "$r_f")" -eq 0 ] || ip "$r_f" route flush table "$TABLE" || return 1
	done
	return 0
}
r_left() {
	for r_f in -4 -6; do
		[ "$r_f" = -4 ] || [ -e /proc/net/if_inet6 ] || continue
		if r_rule "$r_f"; then echo "the routing rule for table $TABLE"; return 1; fi
		[ "$(r_count "$r_f")" -eq 0 ] || { echo "routes in table $TABLE"; return 1; }
	done
	return 0
}
`
