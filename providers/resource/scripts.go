package resource

// common is what the scripts of all the faults share. The members of a fault are the processes that it starts; their
// numbers are in XDC_HOME/pids, and what they have to say goes to XDC_HOME/why.
const common = `
# r_begin ends the members that are there and installs the program of new ones.
r_begin() {
	xdc_reap || return 1
	rm -f -- "$XDC_HOME/pids" "$XDC_HOME/why" "$XDC_HOME/want" "$XDC_HOME"/wrote.*
	: >"$XDC_HOME/pids" && printf '%s' "$LOOP" >"$XDC_HOME/loop"
}
# r_spawn starts a member.
r_spawn() {
	xdc_spawn "$@" /bin/sh "$XDC_HOME/loop"
	printf '%s\n' "$!" >>"$XDC_HOME/pids"
}
# r_count counts the members (r_want) and those that live and are not stopped (r_n).
r_count() {
	r_n=0 r_want=0
	[ -r "$XDC_HOME/pids" ] || return 0
	while read -r r_pid; do
		r_want=$((r_want + 1))
		grep -qs -- "XDC_FAULT=$XDC_NAME" "/proc/$r_pid/environ" || continue
		r_line=
		{ read -r r_line <"/proc/$r_pid/stat"; } 2>/dev/null
		case ${r_line##*) } in '' | [ZXTt]*) continue ;; esac
		r_n=$((r_n + 1))
	done <"$XDC_HOME/pids"
}
# r_all is true while every member lives; else it says what is wrong.
r_all() {
	r_count
	[ "$r_want" -gt 0 ] && [ "$r_n" -eq "$r_want" ] && return 0
	printf '%s of %s processes run%s\n' "$r_n" "$r_want" "$(r_why)"
	return 1
}
r_why() {
	[ -s "$XDC_HOME/why" ] || return 0
	printf ': '
	tr '\n' ' ' <"$XDC_HOME/why" | cut -c1-500
}
# r_up waits until every member is seen with its tag: from then on an undo finds them all.
r_up() {
	r_t=0
	until r_says=$(r_all); do
		r_t=$((r_t + 1))
		if [ "$r_t" -gt 100 ] || [ -s "$XDC_HOME/why" ]; then
			xdc_say "$r_says"
			return 1
		fi
		xdc_nap 0.05
	done
}
# r_open is true until the heal begins. A member that finds it false ends: it may have started while it was looked for.
r_open() { [ -d "$XDC_HOME" ] && [ ! -e "$XDC_HOME/closed" ]; }
# r_first makes the kernel end this member before anything else when memory runs out.
r_first() { { echo 1000 >/proc/self/oom_score_adj; } 2>/dev/null || :; }
# r_mib KIB prints a size.
r_mib() {
	if [ "$1" -ge 10240 ]; then printf '%sMiB' "$(($1 / 1024))"; else printf '%sKiB' "$1"; fi
}
`

const undo = `
xdc_reap || return 1
case $DIR in
/*) rm -f -- "$DIR/.$XDC_NAME".* ;;
esac
`

const left = `
[ -z "$(xdc_tagged)" ] || { echo "these processes still run: $(xdc_tagged | tr '\n' ' ')"; return 1; }
case $DIR in
/*)
	for r_f in "$DIR/.$XDC_NAME".*; do
		if [ -e "$r_f" ] || [ -L "$r_f" ]; then echo "a file is left in the folder: .$XDC_NAME"; return 1; fi
	done
	;;
esac
return 0
`

// processors sets c_n, the processors that may be used, and c_ask, what is asked for in hundredths of one.
const processors = `
c_look() {
	c_n=$(nproc 2>/dev/null) || c_n=$(grep -c '^processor' /proc/cpuinfo)
	case $c_n in '' | *[!0-9]* | 0) xdc_say "nobody can tell how many processors it has"; return 1 ;; esac
	if [ -n "$CORES" ]; then c_ask=$CORES; else c_ask=$((LOAD * c_n / 100)); fi
	if [ "$c_ask" -gt $((c_n * 100)) ]; then
		xdc_say "cores asks for more than the $c_n that the host has"
		return 1
	fi
	[ "$c_ask" -ge 1 ] || c_ask=1
}
`

const cpuLook = processors + `c_look`

const cpuInject = processors + `
c_look && r_begin || return 1
while [ "$c_ask" -gt 0 ]; do
	XDC_SHARE=100
	[ "$c_ask" -ge 100 ] || XDC_SHARE=$c_ask
	export XDC_SHARE
	r_spawn || return 1
	c_ask=$((c_ask - XDC_SHARE))
done
r_up
`

// cpuLoop keeps XDC_SHARE hundredths of a processor busy. It measures how long it was busy, so that short sleeps that
// take longer are made up for; what a host that stood still has missed is not.
const cpuLoop = `
r_first
while [ "$XDC_SHARE" -ge 100 ] && r_open; do
	c_i=0
	while [ "$c_i" -lt 30000 ]; do c_i=$((c_i + 1)); done
done
xdc_now || return 1
c_start=$xdc_n c_busy=0
while r_open; do
	xdc_now
	c_at=$xdc_n
	c_owed=$(((c_at - c_start) * XDC_SHARE / 100 - c_busy))
	if [ "$c_owed" -gt 200 ]; then
		c_start=$c_at c_busy=0
	elif [ "$c_owed" -gt 0 ]; then
		while xdc_now && [ "$xdc_n" -lt $((c_at + c_owed)) ]; do :; done
		c_busy=$((c_busy + xdc_n - c_at))
	else
		xdc_nap 0.05
	fi
done
`

const cpuVerify = `
r_all || return 1
echo "loops that keep processors busy: $r_n"
`
