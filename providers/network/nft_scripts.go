package network

// nftTools are functions for the scripts below. They need RULES (the table, with empty sets), FAR4 and FAR6 (networks).
//
// Elements live three seconds longer than the lease: the watchdog undoes first, and the kernel is what is left when no
// process lives.
const nftTools = `
n_elements() { # SET TIMEOUT NETWORK...: the command that adds them
	n_set=$1 n_time=$2
	shift 2
	[ $# -gt 0 ] || return 0
	printf 'add element inet %s %s {' "$XDC_NAME" "$n_set"
	n_comma=
	for n_one in "$@"; do
		printf '%s %s timeout %ss' "$n_comma" "$n_one" "$n_time"
		n_comma=,
	done
	printf ' }\n'
}
n_fill() { # TIMEOUT: both sets
	n_elements far4 "$1" $FAR4
	n_elements far6 "$1" $FAR6
}
n_have() { nft list table inet "$XDC_NAME" >/dev/null 2>&1; }
# n_list prints the table without what changes by itself.
n_list() {
	nft -s -n list table inet "$XDC_NAME" | sed -e 's/ timeout [0-9a-z]*//g' -e 's/ expires [0-9a-z]*//g' | tr -s ' \t\n' ' '
}
n_load() {
	{ printf '%s\n' "$RULES"; n_fill "$((XDC_TTL + 3))"; } | nft -f - || return 1
	printf '%s\n' "$FAR4" >"$XDC_HOME/far4" && printf '%s\n' "$FAR6" >"$XDC_HOME/far6" && n_list >"$XDC_HOME/table"
}
# n_renew gives the networks of the last load, which may have been a stage's, a new lease.
n_renew() {
	FAR4=$(cat "$XDC_HOME/far4") && FAR6=$(cat "$XDC_HOME/far6") || return 1
	{
		[ -z "$FAR4" ] || printf 'flush set inet %s far4\n' "$XDC_NAME"
		[ -z "$FAR6" ] || printf 'flush set inet %s far6\n' "$XDC_NAME"
		n_fill "$((XDC_TTL + 3))"
	} | nft -f -
}
n_verify() {
	n_have || { echo "there is no table inet $XDC_NAME"; return 1; }
	n_count=$(nft -s -n list table inet "$XDC_NAME" | grep -c 'timeout [0-9]')
	[ "$n_count" -gt 0 ] || { echo "the networks are no longer in the sets of table inet $XDC_NAME: the kernel has let them expire"; return 1; }
	[ -r "$XDC_HOME/table" ] || { echo "what was loaded is not known (any more)"; return 1; }
	if [ "$(n_list)" != "$(cat "$XDC_HOME/table")" ]; then
		echo "the table inet $XDC_NAME is not the one that was loaded: something else has changed it" >&2
		return 3
	fi
	echo "table inet $XDC_NAME is in force for $(cat "$XDC_HOME/far4" "$XDC_HOME/far6" | wc -w | tr -d ' ') networks"
}
n_undo() {
	n_why=$(printf 'add table inet %s\ndelete table inet %s\n' "$XDC_NAME" "$XDC_NAME" | nft -f - 2>&1) && return 0
	printf '%s\n' "$n_why" >&2
	return 1
}
n_left() {
	n_tables=$(nft list tables) || return 3
	if printf '%s\n' "$n_tables" | grep -qxF "table inet $XDC_NAME"; then echo "table inet $XDC_NAME"; return 1; fi
	return 0
}
`

// nftCheck asks the kernel whether it would take the table, and loads nothing.
const nftCheck = nftTools + `
{ printf '%s\n' "$RULES"; n_fill 60; } | nft -c -f -
`

// nftState prints the tables of everybody else. Elements that come and go by themselves are no state of the machine.
const nftState = `
nft -s -n list ruleset >/dev/null || return 1
nft -s -n list ruleset | awk '
	/^table / { skip = ($3 ~ /^xdc_/); moving = 0 }
	skip { next }
	/^\t(set|map) / { moving = 0 }
	/^\t\tflags .*(timeout|dynamic)/ { moving = 1 }
	/^\t\telements = / && moving { inside = 1 }
	inside { if (/}$/) inside = 0; next }
	/^[^\t}]/ || /[^ \t}]/ || /}/ { print }
'
`
