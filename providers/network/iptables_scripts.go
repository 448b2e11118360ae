package network

// tablesTools are functions for works with iptables. They need RULES4 and RULES6: what iptables-restore takes, without its
// end, or empty. Every command waits for the lock that programs with such rules share.
const tablesTools = `
t_families() { # FUNCTION: calls it for each family with rules: FUNCTION TOOL RULES
	if [ -n "$RULES4" ]; then "$1" iptables "$RULES4" || return $?; fi
	if [ -n "$RULES6" ]; then "$1" ip6tables "$RULES6" || return $?; fi
	return 0
}
t_hooks='INPUT:_i OUTPUT:_o FORWARD:_f'
t_check_one() { { printf '%s\n' "$2"; echo COMMIT; } | "$1-restore" -w 10 --noflush --test; }
t_check() { t_families t_check_one; }
# The chains, and the calls that are missing, come into force together.
t_load_one() {
	{
		printf '%s\n' "$2"
		for t_hook in $t_hooks; do
			"$1" -w 10 -C "${t_hook%%:*}" -j "$XDC_NAME${t_hook#*:}" 2>/dev/null || printf -- '-I %s 1 -j %s\n' "${t_hook%%:*}" "$XDC_NAME${t_hook#*:}"
		done
		echo COMMIT
	} | "$1-restore" -w 10 --noflush || return 1
	t_ours "$1" >"$XDC_HOME/$1"
}
# A stage that means nothing of a family any more takes away what is there of it.
t_load() {
	t_families t_load_one || return $?
	[ -n "$RULES4" ] || ! t_has iptables || t_undo_one iptables || return 1
	[ -n "$RULES6" ] || ! t_has ip6tables || t_undo_one ip6tables
}
t_has() { "$1" -w 10 -S 2>/dev/null | grep -qF -- "$XDC_NAME"; }
# t_ours prints what is there of the fault.
t_ours() {
	t_all=$("$1" -w 10 -S) || return 3
	printf '%s\n' "$t_all" | grep -F -- "$XDC_NAME"
	return 0
}
t_verify_one() {
	t_now=$(t_ours "$1") || { echo "$1 does not say what it has" >&2; return 3; }
	[ -n "$t_now" ] || { echo "$1 has no chains called $XDC_NAME"; return 1; }
	[ -r "$XDC_HOME/$1" ] || { echo "what was loaded is not known (any more)"; return 1; }
	if [ "$t_now" != "$(cat "$XDC_HOME/$1")" ]; then
		echo "the chains of $1 called $XDC_NAME are not the ones that were loaded: something else has changed them" >&2
		return 3
	fi
	for t_hook in $t_hooks; do
		"$1" -w 10 -C "${t_hook%%:*}" -j "$XDC_NAME${t_hook#*:}" || { echo "${t_hook%%:*} of $1 does not call the chain"; return 1; }
	done
}
t_verify() { t_families t_verify_one || return $?; echo "the chains called $XDC_NAME are in force"; }
# t_both calls a function for both families: a stage may have brought in the other one. A family that the kernel does not
# know, and that the fault did not begin with, has nothing of it.
t_both() {
	for t_tool in iptables ip6tables; do
		t_rules=$RULES4
		[ "$t_tool" = iptables ] || t_rules=$RULES6
		[ -n "$t_rules" ] || "$t_tool" -w 10 -S >/dev/null 2>&1 || continue
		"$1" "$t_tool" || return $?
	done
}
t_undo_one() {
	t_now=$(t_ours "$1") || { echo "$1 does not say what it has" >&2; return 1; }
	for t_hook in $t_hooks; do
		while "$1" -w 10 -D "${t_hook%%:*}" -j "$XDC_NAME${t_hook#*:}" 2>/dev/null; do :; done
	done
	t_chains=$(printf '%s\n' "$t_now" | sed -n 's/^-N //p')
	for t_chain in $t_chains; do "$1" -w 10 -F "$t_chain" || return 1; done
	for t_chain in $t_chains; do "$1" -w 10 -X "$t_chain" || return 1; done
	return 0
}
t_undo() { t_both t_undo_one; }
t_left_one() {
	t_now=$(t_ours "$1") || return 3
	[ -z "$t_now" ] || { printf '%s: ' "$1"; printf '%s\n' "$t_now" | head -n 1; return 1; }
}
t_left() { t_both t_left_one; }
`

// tablesState prints everybody else's rules. Built-in chains that accept and hold nothing are as good as none: a table
// comes into being when somebody looks at it.
const tablesState = `
for t_tool in iptables ip6tables; do
	command -v "$t_tool-save" >/dev/null 2>&1 || continue
	t_all=$("$t_tool-save") || return 1
	printf '%s\n' "$t_all" | awk -v tool="$t_tool" '
		/^\*/ { table = $1; next }
		!NF || /^#/ || /^COMMIT/ || /^:xdc_/ || /^-A xdc_/ || / -[jg] xdc_/ { next }
		/^:/ { if ($2 != "ACCEPT") print tool, table, $1, $2; next }
		{ print tool, table, $0 }
	'
done
return 0
`
