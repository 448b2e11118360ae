package host

// Prelude is what every script of the package begins with; programs that a fault starts with xdc_spawn may begin with it
// too. It needs XDC_NAME, XDC_BASE and XDC_HOME. Times are hundredths of a second of the machine's uptime, which no change
// of its clock moves.
const Prelude = `
xdc_now() {
	read -r xdc_u xdc_rest </proc/uptime || return 1
	xdc_n=$((${xdc_u%.*} * 100 + 1${xdc_u#*.} - 100))
}
xdc_nap() { sleep "$1" 2>/dev/null || sleep 1; }
# xdc_say tells the one who asked. If the connection is dead, saying something may be the script's end: say it after the
# lock was released.
xdc_say() { printf '%s\n' "$*" >&2; }
# xdc_lock N takes the machine's lock within N seconds, or returns 1. It is a kernel lock on the folder of everything
# that xdc has installed, on descriptor 9: whoever dies releases it. A folder that was removed meanwhile is not the lock.
xdc_lock() {
	xdc_i=0
	while :; do
		[ -d "$XDC_BASE" ] || ( umask 077; mkdir -p -- "$XDC_BASE" ) 2>/dev/null
		if command exec 9<"$XDC_BASE"; then
			if flock -n 9; then
				[ "$XDC_BASE" -ef /proc/self/fd/9 ] && return 0
				exec 9<&-
				continue
			fi
			exec 9<&-
		fi 2>/dev/null
		xdc_i=$((xdc_i + 1))
		[ "$xdc_i" -le "$(($1 * 10))" ] || return 1
		xdc_nap 0.1
	done
}
xdc_unlock() {
	[ -e "$XDC_BASE/lock" ] || rmdir -- "$XDC_BASE" 2>/dev/null
	exec 9<&-
}
# xdc_log writes into the log of heals, which outlives the folder.
xdc_log() {
	xdc_line="$(date -u +%Y-%m-%dT%H:%M:%SZ) $XDC_NAME $*"
	( umask 077; printf '%s\n' "$xdc_line" >>"$XDC_BASE.log" ) 2>/dev/null
	logger -t xdc -- "$XDC_NAME $*" 2>/dev/null
	return 0
}
# xdc_watching is true while the fault's watchdog lives.
xdc_watching() {
	xdc_pid=
	{ read -r xdc_pid <"$XDC_HOME/watch.pid"; } 2>/dev/null
	case $xdc_pid in '' | *[!0-9]*) return 1 ;; esac
	{ tr '\0' ' ' <"/proc/$xdc_pid/cmdline"; } 2>/dev/null | grep -qF -- "$XDC_HOME/watch"
}
# xdc_in_time is true while the undo is armed and the lease runs.
xdc_in_time() {
	[ -d "$XDC_HOME" ] && [ ! -e "$XDC_HOME/closed" ] || return 1
	xdc_until=0
	{ read -r xdc_until <"$XDC_HOME/until"; } 2>/dev/null
	xdc_now && [ "$xdc_n" -lt "$xdc_until" ] && xdc_watching || return 1
	xdc_ttl "$xdc_until"
}
# xdc_ttl UNTIL sets XDC_TTL: the whole seconds from now, at least one.
xdc_ttl() {
	XDC_TTL=$((($1 - xdc_n) / 100))
	[ "$XDC_TTL" -ge 1 ] || XDC_TTL=1
}
# xdc_tagged lists the processes that the fault has started, and theirs.
xdc_tagged() {
	grep -ls -- "XDC_FAULT=$XDC_NAME" /proc/[0-9]*/environ 2>/dev/null | while read -r xdc_f; do
		xdc_f=${xdc_f#/proc/}
		printf '%s\n' "${xdc_f%/environ}"
	done
}
# xdc_reap ends them all; 0 when none is left.
xdc_reap() {
	xdc_k=0
	while [ "$xdc_k" -lt 100 ]; do
		xdc_p=$(xdc_tagged)
		[ -n "$xdc_p" ] || return 0
		for xdc_q in $xdc_p; do kill -KILL "$xdc_q" 2>/dev/null; done
		xdc_k=$((xdc_k + 1))
		xdc_nap 0.05
	done
	xdc_say "these processes do not end: $(xdc_tagged | tr '\n' ' ')"
	return 1
}
# xdc_spawn PROGRAM ARG... runs a program in the background, in a session of its own, tagged.
xdc_spawn() {
	XDC_FAULT="$XDC_NAME" XDC_NAME="$XDC_NAME" XDC_BASE="$XDC_BASE" XDC_HOME="$XDC_HOME" setsid "$@" </dev/null >/dev/null 2>&1 9<&- &
}
`

// Exit statuses of the package's own scripts.
const (
	exitBusy  = 75 // the lock was not to be had
	exitEnded = 76 // the undo is not armed, or its lease has ended
	exitThere = 77 // something is there under the name already
)

// watch is the watchdog's program. It lives in the fault's folder, in a session of its own.
const watch = `
echo -1000 >/proc/self/oom_score_adj 2>/dev/null
printf '%s\n' "$$" >"$XDC_HOME/watch.pid" || return 1
while [ -d "$XDC_HOME" ]; do
	xdc_until=0
	{ read -r xdc_until <"$XDC_HOME/until"; } 2>/dev/null
	xdc_now || xdc_until=0
	xdc_r=$((xdc_until - xdc_n))
	[ "$xdc_r" -gt 0 ] || break
	if [ "$xdc_r" -ge 100 ]; then
		sleep 1
	else
		[ "$xdc_r" -ge 10 ] || xdc_r=0$xdc_r
		xdc_nap "0.$xdc_r"
	fi
done
xdc_pause=1
while [ -d "$XDC_HOME" ]; do
	: >"$XDC_HOME/closed"
	xdc_lock 20
	[ -d "$XDC_HOME" ] || { xdc_unlock; return 0; }
	xdc_why=$(/bin/sh "$XDC_HOME/undo" 2>&1 9<&-)
	xdc_s=$?
	if [ "$xdc_s" -eq 0 ]; then
		xdc_log "healed: the lease ended"
		rm -rf -- "$XDC_HOME"
		xdc_unlock
		return 0
	fi
	xdc_log "NOT healed, trying again: status $xdc_s: $(printf '%s' "$xdc_why" | tr '\n' ' ' | cut -c1-500)"
	xdc_unlock
	sleep "$xdc_pause"
	[ "$xdc_pause" -ge 30 ] || xdc_pause=$((xdc_pause * 2))
done
`

// arm installs the undo and starts the watchdog. UNDO and WATCH are programs, INFO the handle, TTL and DEADLINE hundredths
// of a second.
const arm = `
umask 077
xdc_lock 20 || { xdc_say "another command of xdc holds the lock of this machine"; return 75; }
set -- $(ls -ldn -- "$XDC_BASE")
if [ -L "$XDC_BASE" ] || [ "$3" != "$(id -u)" ]; then
	xdc_unlock
	xdc_say "$XDC_BASE belongs to somebody else"
	return 1
fi
if [ -e "$XDC_HOME" ]; then
	xdc_unlock
	return 77
fi
xdc_new="$XDC_BASE/.new.$XDC_NAME"
rm -rf -- "$xdc_new"
xdc_now && mkdir -- "$xdc_new" &&
	printf '%s' "$UNDO" >"$xdc_new/undo" &&
	printf '%s' "$WATCH" >"$xdc_new/watch" &&
	printf '%s\n' "$INFO" >"$xdc_new/info" &&
	printf '%s\n' "$((xdc_n + DEADLINE))" >"$xdc_new/deadline" &&
	printf '%s\n' "$((xdc_n + TTL))" >"$xdc_new/until" &&
	[ -s "$xdc_new/undo" ] && [ -s "$xdc_new/watch" ] && [ -s "$xdc_new/until" ] &&
	mv -- "$xdc_new" "$XDC_HOME"
if [ $? -ne 0 ]; then
	rm -rf -- "$xdc_new" "$XDC_HOME"
	xdc_unlock
	xdc_say "the undo could not be installed in $XDC_BASE"
	return 1
fi
xdc_how=
if [ -d /run/systemd/system ] && [ "$(id -u)" = 0 ] && command -v systemd-run >/dev/null 2>&1; then
	# A unit of its own: logind may end what a login session has left behind.
	systemd-run --quiet --collect --unit="$XDC_NAME" /bin/sh "$XDC_HOME/watch" >/dev/null 2>&1 9<&- && xdc_how=systemd
fi
if [ -z "$xdc_how" ]; then
	setsid /bin/sh "$XDC_HOME/watch" </dev/null >/dev/null 2>&1 9<&- &
fi
xdc_t=0
until xdc_watching; do
	xdc_t=$((xdc_t + 1))
	if [ "$xdc_t" -gt 100 ]; then
		rm -rf -- "$XDC_HOME"
		xdc_unlock
		xdc_say "the watchdog did not start"
		return 1
	fi
	xdc_nap 0.02
done
xdc_unlock
return 0
`

// renew extends the lease to TTL from now, never beyond the deadline.
const renew = `
xdc_in_time || { xdc_say "the undo of $XDC_NAME has run, or is not armed"; return 76; }
xdc_end=$((xdc_n + TTL))
read -r xdc_deadline <"$XDC_HOME/deadline" || return 1
[ "$xdc_end" -le "$xdc_deadline" ] || xdc_end=$xdc_deadline
{ printf '%s\n' "$xdc_end" >"$XDC_HOME/until.new" && mv -- "$XDC_HOME/until.new" "$XDC_HOME/until"; } || [ ! -d "$XDC_HOME" ] || return 1
[ -d "$XDC_HOME" ] && [ ! -e "$XDC_HOME/closed" ] || { xdc_say "the undo of $XDC_NAME is running or has run"; return 76; }
xdc_ttl "$xdc_end"
xdc_body
`

// inject does the deed, only under an armed undo.
const inject = `
xdc_lock 20 || { xdc_say "another command of xdc holds the lock of this machine"; return 75; }
if ! xdc_in_time; then
	xdc_unlock
	xdc_say "the undo of $XDC_NAME is not armed on this machine (any more)"
	return 76
fi
xdc_body
xdc_s=$?
xdc_unlock
return "$xdc_s"
`

// injectCut does the same a moment later, when the answer is on its way: the deed will cut the way back. The lock is held
// until it is done.
const injectCut = `
xdc_lock 20 || { xdc_say "another command of xdc holds the lock of this machine"; return 75; }
if ! xdc_in_time; then
	xdc_unlock
	xdc_say "the undo of $XDC_NAME is not armed on this machine (any more)"
	return 76
fi
( trap '' HUP; xdc_nap 0.3; xdc_body || xdc_log "could not be injected: status $?" ) </dev/null >/dev/null 2>&1 &
exec 9<&-
return 0
`

// heal runs the undo. From now on nothing is injected under the name. Without the lock it heals all the same.
const heal = `
[ ! -d "$XDC_HOME" ] || : >"$XDC_HOME/closed"
xdc_lock 20
xdc_body 9<&-
xdc_s=$?
xdc_unlock
return "$xdc_s"
`

// disarm ends the watchdog and takes away what arming has installed.
const disarm = `
[ ! -d "$XDC_HOME" ] || : >"$XDC_HOME/closed"
xdc_lock 20
if xdc_watching; then
	kill -KILL "-$xdc_pid" 2>/dev/null || kill -KILL "$xdc_pid" 2>/dev/null
fi
rm -rf -- "$XDC_HOME" "$XDC_BASE/.new.$XDC_NAME"
xdc_s=$?
xdc_unlock
return "$xdc_s"
`
