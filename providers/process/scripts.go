package process

// table prints the processes of the machine, one a line with tabs: number, start time, state, name, command line. Kernel
// threads, process 1, xdc's own watchdogs and everything that this very script hangs from (the way in) are left out, so
// that no pattern can cut xdc off.
const table = `
p_stat() { # NUMBER: sets p_state, p_parent, p_start, p_name
	p_line=
	{ read -r p_line <"/proc/$1/stat"; } 2>/dev/null
	[ -n "$p_line" ] || return 1
	p_name=${p_line#*\(}
	p_name=${p_name%\)*}
	p_rest=${p_line##*\) }
	set -- $p_rest
	p_state=$1 p_parent=$2 p_start=${20}
}
p_table() {
	p_own=" 1 "
	p_at=$$
	while [ "$p_at" -gt 1 ] 2>/dev/null; do
		p_own="$p_own$p_at "
		p_stat "$p_at" || break
		p_at=$p_parent
	done
	for p_dir in /proc/[0-9]*; do
		p_pid=${p_dir#/proc/}
		case $p_own in *" $p_pid "*) continue ;; esac
		p_stat "$p_pid" || continue
		[ "$p_state" != Z ] || continue
		p_cmd=$({ tr '\000\n\t' '   ' <"$p_dir/cmdline"; } 2>/dev/null)
		[ -n "$p_cmd" ] || continue
		case $p_cmd in *"$XDC_BASE/"*) continue ;; esac
		printf '%s\t%s\t%s\t%s\t%s\n' "$p_pid" "$p_start" "$p_state" "$p_name" "${p_cmd% }"
	done
}
# p_find prints the processes that HOW and WHAT choose, the oldest first.
p_find() {
	export HOW WHAT
	case $HOW in
	name) p_table | awk -F '\t' '{ n = $5; sub(/ .*/, "", n); sub(/.*\//, "", n) } $4 == ENVIRON["WHAT"] || n == ENVIRON["WHAT"]' ;;
	pattern) p_table | awk -F '\t' '$5 ~ ENVIRON["WHAT"]' ;;
	command)
		p_table | awk -F '\t' 'BEGIN { n = split(ENVIRON["WHAT"], w, "\n"); for (i = 1; i <= n; i++) want[w[i]] = 1 } $5 in want'
		;;
	pid)
		for p_one in $WHAT; do p_only $p_one; done
		;;
	pid_file)
		p_one=
		[ ! -f "$WHAT" ] || { read -r p_one <"$WHAT"; } 2>/dev/null
		case $p_one in '' | *[!0-9]*) printf 'no process number is in %s\n' "$WHAT" >&2; return 1 ;; esac
		p_only "$p_one"
		;;
	unit)
		command -v systemctl >/dev/null 2>&1 || { printf 'there is no systemd here\n' >&2; return 1; }
		p_group=$(systemctl show -p ControlGroup --value -- "$WHAT")
		[ -n "$p_group" ] || return 0
		for p_procs in "/sys/fs/cgroup$p_group/cgroup.procs" "/sys/fs/cgroup/systemd$p_group/cgroup.procs"; do
			[ -r "$p_procs" ] || continue
			while read -r p_one; do p_only "$p_one"; done <"$p_procs"
			break
		done
		;;
	esac | sort -n -k 2,2
}
p_only() { p_table | awk -F '\t' -v n="$1" '$1 == n'; }
# p_is NUMBER:START is true while that very process lives.
p_is() { p_stat "${1%%:*}" && [ "$p_start" = "${1#*:}" ] && [ "$p_state" != Z ]; }
`

// state prints the command lines that match, however many numbers have changed, and which of them are stopped. The other
// states come and go.
const state = table + `
[ -n "$HOW" ] || return 0
p_find | awk -F '\t' '{ print ($3 == "T" || $3 == "t" ? "(stopped) " : "") $5 }' | sort
`

// killOnce signals the processes of TARGETS that still are who they were.
const killOnce = table + `
: >"$XDC_HOME/sent" || return 1
for t in $TARGETS; do
	p_is "$t" || continue
	kill -s "$SIGNAL" "${t%%:*}" || { p_is "$t" && return 1; }
done
if [ -n "$EVERY" ]; then
	printf '%s' "$LOOP" >"$XDC_HOME/loop" || return 1
	xdc_spawn /bin/sh "$XDC_HOME/loop"
fi
return 0
`

// killRound signals what matches now and still is who it was when it was looked up; more matches than expected are left
// alone.
const killRound = table + `
k_round() {
	p_list=$(p_find 2>/dev/null)
	p_n=$(printf '%s\n' "$p_list" | grep -c .)
	if [ "$p_n" -gt "$MOST" ]; then
		xdc_log "not signalled: $p_n processes match, and at most $MOST may"
		return 0
	fi
	[ -z "$PICK" ] || p_list=$(printf '%s\n' "$p_list" | head -n "$PICK")
	printf '%s\n' "$p_list" | while IFS='	' read -r p_pid p_since p_more; do
		[ -n "$p_pid" ] && p_is "$p_pid:$p_since" || continue
		kill -s "$SIGNAL" "$p_pid" 2>/dev/null
	done
	return 0
}
`

// killLoop does so again and again while the undo is armed and the lease runs.
const killLoop = killRound + `
while sleep "$EVERY"; do
	xdc_in_time || return 0
	k_round
done
`

// killed looks whether the processes are gone, or at least the signal was sent where it need not end them.
const killed = table + `
n=0
for t in $TARGETS; do
	if p_is "$t"; then n=$((n + 1)); fi
done
case $SIGNAL in
KILL | TERM | QUIT | ABRT | INT)
	if [ "$n" -gt 0 ]; then echo "$n of the processes still run"; return 1; fi
	echo "the processes are gone: $TARGETS"
	;;
*)
	[ -e "$XDC_HOME/sent" ] || { echo "the signal was not sent"; return 1; }
	echo "the signal was sent to $TARGETS"
	;;
esac
[ -z "$EVERY" ] || [ -n "$(xdc_tagged)" ] || { echo "the repetition does not run"; return 1; }
return 0
`

// unkill stops the repetition and starts a unit that was active. systemd may take a moment to notice that the processes of
// a unit are gone, so it is asked for a second.
const unkill = `
xdc_reap || return 1
[ -n "$UNIT" ] || return 0
u_n=0
while :; do
	systemctl is-active --quiet -- "$UNIT" || systemctl start -- "$UNIT" || return 1
	u_n=$((u_n + 1))
	[ "$u_n" -lt 10 ] || return 0
	xdc_nap 0.1
done
`

const killLeft = `
[ -z "$(xdc_tagged)" ] || { echo "the repetition still runs"; return 1; }
[ -z "$UNIT" ] || systemctl is-active --quiet -- "$UNIT" || { echo "$UNIT is not active"; return 1; }
return 0
`

// hangUp stops the processes of TARGETS. Each is written down before it is stopped, so that the undo wakes nobody whom
// somebody else has stopped meanwhile.
const hangUp = table + `
: >>"$XDC_HOME/hung" || return 1
for t in $TARGETS; do
	p_is "$t" || { xdc_say "process ${t%%:*} is gone"; return 1; }
	case $p_state in T | t) continue ;; esac
	printf '%s\n' "$t" >>"$XDC_HOME/hung" || return 1
	kill -s STOP "${t%%:*}" || return 1
done
`

const hung = table + `
for t in $TARGETS; do
	p_is "$t" || { echo "process ${t%%:*} is gone" >&2; return 3; }
	case $p_state in T | t) ;; *) echo "process ${t%%:*} is in state $p_state"; return 1 ;; esac
done
echo "stopped: $TARGETS"
`

// mine sets h_mine: those of TARGETS that this fault has stopped. While the fault's folder is there, it says which;
// without it all of them count, for a heal from the journal alone.
const mine = table + `
h_mine=$TARGETS
if [ -d "$XDC_HOME" ]; then
	h_mine=
	[ ! -e "$XDC_HOME/hung" ] || h_mine=$(cat "$XDC_HOME/hung") || return 1
fi
`

const goOn = mine + `
for t in $h_mine; do
	p_is "$t" || continue
	kill -s CONT "${t%%:*}" || { p_is "$t" && return 1; }
done
return 0
`

const hangLeft = mine + `
for t in $h_mine; do
	p_is "$t" || continue
	case $p_state in T | t) echo "process ${t%%:*} is still stopped"; return 1 ;; esac
done
return 0
`

// hangState prints which of TARGETS are stopped.
const hangState = table + `
for t in $TARGETS; do
	p_is "$t" || continue
	case $p_state in T | t) printf '(stopped) %s\n' "${t%%:*}" ;; esac
done
return 0
`
