package hostcommand

// there refuses hosts that lack a program, or a way to run as AS.
const there = `
eval "set -- $PROGRAMS"
for h_p in "$@"; do
	command -v "$h_p" >/dev/null 2>&1 || { printf 'there is no program %s\n' "$h_p" | cut -c1-300 >&2; return 1; }
done
[ -n "$AS" ] && [ "$(id -un)" != "$AS" ] || return 0
case $AS in -* | *[!A-Za-z0-9._-]*) printf 'the user who logs in has a name that plain cannot use\n' >&2; return 1 ;; esac
command -v runuser >/dev/null 2>&1 || command -v sudo >/dev/null 2>&1 || {
	printf 'plain needs runuser or sudo to go back to the user who logs in\n' >&2
	return 1
}
`

// runner runs COMMAND as AS. Its output goes to a file without a name: a process that it leaves in the background may
// keep that open, and nobody waits for it. The lock of the machine is not handed on.
const runner = `
# h_run runs the command and sets h_s to its status, 137 when it took too long.
h_run() {
	eval "set -- $COMMAND"
	if [ -n "$AS" ] && [ "$(id -un)" != "$AS" ]; then
		eval "h_home=~$AS"
		set -- env "HOME=$h_home" "USER=$AS" "LOGNAME=$AS" "$@"
		if command -v runuser >/dev/null 2>&1; then
			set -- runuser -u "$AS" -- "$@"
		else
			set -- sudo -n -u "$AS" -- "$@"
		fi
	fi
	h_out=$(mktemp 2>/dev/null) || h_out=
	if [ -n "$h_out" ]; then
		exec 6>"$h_out" 7<"$h_out"
		rm -f -- "$h_out"
	else
		exec 6>/dev/null 7</dev/null
	fi
	export XDC_NAME
	setsid "$@" </dev/null >&6 2>&1 6>&- 7<&- 9<&- &
	h_pid=$!
	setsid /bin/sh -c 'sleep "$1"; kill -KILL "-$2"; kill -KILL "$2"' sh "$SECONDS_LEFT" "$h_pid" </dev/null >/dev/null 2>&1 6>&- 7<&- 9<&- &
	h_dog=$!
	wait "$h_pid"
	h_s=$?
	kill -KILL "$h_dog" 2>/dev/null
	kill -KILL "-$h_dog" 2>/dev/null
	wait "$h_dog" 2>/dev/null
	exec 6>&-
}
# h_said prints what the command has printed, on one line.
h_said() { head -c 2000 <&7 | tr '\n' ' '; }
# h_failed says why a command counts as failed.
h_failed() {
	case $h_s in
	137) xdc_say "the command of $1 was killed, or took longer than $SECONDS_LEFT s: $(h_said)" ;;
	*) xdc_say "the command of $1 ended with status $h_s: $(h_said)" ;;
	esac
}
`

// inject leaves a mark: where it is not, nothing has happened yet.
const inject = `
: >"$XDC_HOME/begun" || return 1
h_run
[ "$h_s" -eq 0 ] || { h_failed inject; return 1; }
`

const verify = `
h_run
case $h_s in
0) printf 'verify says that it is in force: %s\n' "$(h_said)" ;;
1) printf 'verify says that it is not in force: %s\n' "$(h_said)"; return 1 ;;
*) h_failed verify; return 3 ;;
esac
`

// undo runs unless it is certain that inject never began. Where the folder is gone, nobody knows: it may have been a
// reboot.
const undo = `
[ ! -d "$XDC_HOME" ] || [ -e "$XDC_HOME/begun" ] || return 0
h_run
[ "$h_s" -eq 0 ] || { h_failed heal; return 1; }
`

const still = `
h_run
case $h_s in
0) printf 'verify says that it is still in force: %s\n' "$(h_said)"; return 1 ;;
1) return 0 ;;
*) h_failed verify; return 3 ;;
esac
`

const gone = `
h_run
case $h_s in
0) return 0 ;;
1) printf 'verify_healed says that something is left: %s\n' "$(h_said)"; return 1 ;;
*) h_failed verify_healed; return 3 ;;
esac
`

const state = `
h_run
[ "$h_s" -eq 0 ] || { h_failed state; return 3; }
head -c 8388608 <&7
`
