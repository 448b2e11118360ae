package network

// queueTools are functions for works with queues. They need what nftTools need, and MAJOR (of the handle of our queue, in
// hexadecimal digits), SIDE (the name of our own interface), QUEUE (what packets wait in), FILTERS (for what arrives; empty
// when nothing of it is meant) and DEVICES.
//
// A root queue whose handle is 0 was made by the kernel: it makes the same one again when ours is removed. Any other was
// set up by somebody and could not be put back exactly.
const queueTools = `
q_there() { ip link show dev "$1" >/dev/null 2>&1; }
q_root() { tc qdisc show dev "$1" | sed -n 's/^qdisc \([^ ]*\) \([0-9a-f]*\): .*root.*/\1 \2/p' | head -n 1; }
q_ours() { case "$(q_root "$1")" in "htb $MAJOR") return 0 ;; esac; return 1; }
# q_devices prints the interfaces by which the networks are reached.
q_devices() {
	{
		for q_n in $FAR4; do ip -4 route show to match "$q_n"; ip -4 route show to root "$q_n"; ip -4 route get "${q_n%/*}" 2>/dev/null; done
		for q_n in $FAR6; do ip -6 route show to match "$q_n"; ip -6 route show to root "$q_n"; ip -6 route get "${q_n%/*}" 2>/dev/null; done
	} | awk '{ for (i = 1; i < NF; i++) if ($i == "dev" && $(i + 1) != "lo") print $(i + 1) }' | sort -u
}
# q_free is true where our queues can be set up and taken away without a trace.
q_free() {
	q_list=$(q_devices)
	[ -n "$q_list" ] || { echo "no interface leads to these networks" >&2; return 1; }
	for q_d in $q_list; do
		q_ours "$q_d" && continue
		set -- $(q_root "$q_d")
		[ -z "$RULES" ] || [ "${2:-}" = 0 ] || { echo "interface $q_d has a queue that somebody has set up ($*), which could not be put back exactly: take it away for the test, or use the fault toxiproxy" >&2; return 1; }
		[ -n "$FILTERS" ] && ! q_there "$SIDE" || continue
		if tc qdisc show dev "$q_d" | grep -q '^qdisc \(clsact\|ingress\) '; then
			echo "interface $q_d has filters for what arrives (clsact or ingress), among which ours would not be alone: write direction = \"out\" and match = \"packets\", or use the fault toxiproxy" >&2
			return 1
		fi
	done
}
# q_side makes our own interface. When the kernel loads what that needs by itself, it makes two more, which would stay.
q_side() {
	[ -d /sys/module/ifb ] || modprobe -q ifb numifbs=0 2>/dev/null
	ip link add "$SIDE" type ifb
}
q_load() {
	if [ -n "$FILTERS" ]; then
		q_there "$SIDE" || q_side || return 1
		ip link set "$SIDE" up && tc qdisc replace dev "$SIDE" root handle 1: $QUEUE || return 1
	fi
	for q_d in $DEVICES; do
		if [ -n "$RULES" ]; then
			q_ours "$q_d" || tc qdisc add dev "$q_d" root handle "$MAJOR:" htb default 0 || return 1
			tc class replace dev "$q_d" parent "$MAJOR:" classid "$MAJOR:10" htb rate 32gbit quantum 60000 || return 1
			tc qdisc replace dev "$q_d" parent "$MAJOR:10" $QUEUE || return 1
		fi
		[ -z "$FILTERS" ] || q_filter "$q_d" || return 1
	done
	[ -z "$RULES" ] || n_load
}
q_filter() {
	[ "$(cat "$XDC_HOME/filters.$1" 2>/dev/null)" != "$FILTERS" ] || return 0
	tc qdisc show dev "$1" | grep -q '^qdisc clsact ' || tc qdisc add dev "$1" clsact || return 1
	tc filter del dev "$1" ingress
	printf '%s\n' "$FILTERS" | while read -r q_line; do
		tc filter add dev "$1" ingress $q_line action mirred egress redirect dev "$SIDE" || exit 1
	done || return 1
	printf '%s\n' "$FILTERS" >"$XDC_HOME/filters.$1"
}
q_verify() {
	for q_d in $DEVICES; do
		if [ -n "$RULES" ]; then
			q_ours "$q_d" || { echo "interface $q_d has no queue $MAJOR:"; return 1; }
			tc qdisc show dev "$q_d" | grep -q "^qdisc ${QUEUE%% *} .* parent $MAJOR:10 " || { echo "interface $q_d has no ${QUEUE%% *}"; return 1; }
		fi
		[ -z "$FILTERS" ] || [ "$(tc filter show dev "$q_d" ingress | grep -c "device $SIDE)")" -ge "$(printf '%s\n' "$FILTERS" | grep -c .)" ] || { echo "interface $q_d does not lead what arrives to $SIDE"; return 1; }
	done
	[ -z "$FILTERS" ] || tc qdisc show dev "$SIDE" | grep -q "^qdisc ${QUEUE%% *} 1: root" || { echo "interface $SIDE has no ${QUEUE%% *}"; return 1; }
	[ -z "$RULES" ] || n_verify || return $?
	echo "packets wait in $QUEUE at" $DEVICES
}
# q_every prints all interfaces that have queues: a stage may have used others than the first.
q_every() { tc qdisc show | sed -n 's/^qdisc .* dev \([^ ]*\) .*/\1/p' | sort -u; }
q_led() { # INTERFACE: whether its filters are ours
	tc qdisc show dev "$1" | grep -q '^qdisc clsact ' || return 1
	case " $(printf '%s ' $DEVICES)" in *" $1 "*) return 0 ;; esac
	tc filter show dev "$1" ingress | grep -q "device $SIDE)"
}
# What arrives is let through first, so that nothing is led to an interface that is gone.
q_undo() {
	q_bad=0
	q_list=$(q_every)
	if q_there "$SIDE"; then
		for q_d in $q_list; do
			if q_led "$q_d"; then tc qdisc del dev "$q_d" clsact || q_bad=1; fi
		done
		ip link del "$SIDE" || q_bad=1
	fi
	n_undo || q_bad=1
	for q_d in $q_list; do
		if q_ours "$q_d"; then tc qdisc del dev "$q_d" root || q_bad=1; fi
	done
	[ ! -d "$XDC_HOME" ] || rm -f "$XDC_HOME"/filters.*
	return "$q_bad"
}
q_left() {
	for q_d in $(q_every); do
		if q_ours "$q_d"; then echo "the queue of $q_d"; return 1; fi
	done
	! q_there "$SIDE" || { echo "interface $SIDE"; return 1; }
	n_left
}
`

// queueState prints everybody else's queues. Interfaces and handles of ours are left out.
const queueState = `
q_all=$(tc qdisc show) || return 1
printf '%s\n' "$q_all" | grep -v ' dev xdc' | sed 's/ refcnt [0-9]*//'
`
