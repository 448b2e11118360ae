package resource

// ram sets m_total and m_avail, in KiB: the memory of the machine, or of the narrowest control group around this
// process.
const ram = `
m_look() {
	m_total=0 m_avail=
	while read -r m_k m_v m_rest; do
		case $m_k in
		MemTotal:) m_total=$m_v ;;
		MemAvailable:) m_avail=$m_v ;;
		esac
	done </proc/meminfo
	if [ -z "$m_avail" ] || [ "$m_total" -le 0 ]; then
		xdc_say "the kernel does not say how much memory is available"
		return 1
	fi
	[ -r /proc/self/cgroup ] || return 0
	while IFS=: read -r m_id m_ctl m_path; do
		case ",$m_ctl," in
		,,)
			m_narrow /sys/fs/cgroup "$m_path" memory.max memory.current inactive_file
			m_narrow /sys/fs/cgroup "$m_path" memory.high memory.current inactive_file
			;;
		*,memory,*) m_narrow /sys/fs/cgroup/memory "$m_path" memory.limit_in_bytes memory.usage_in_bytes total_inactive_file ;;
		esac
	done </proc/self/cgroup
}
# m_narrow ROOT PATH LIMIT USAGE CACHE looks at a control group and all above it.
m_narrow() {
	m_p=${2%/}
	while :; do
		m_limit= m_use=
		{ read -r m_limit <"$1$m_p/$3" && read -r m_use <"$1$m_p/$4"; } 2>/dev/null
		case $m_limit:$m_use in
		:* | *: | *[!0-9:]*) ;;
		*)
			m_cache=$(sed -n "s/^$5 //p" "$1$m_p/memory.stat" 2>/dev/null)
			m_free=$(((m_limit - m_use + ${m_cache:-0}) / 1024))
			[ "$m_free" -ge 0 ] || m_free=0
			[ $((m_limit / 1024)) -ge "$m_total" ] || m_total=$((m_limit / 1024))
			[ "$m_free" -ge "$m_avail" ] || m_avail=$m_free
			;;
		esac
		[ -n "$m_p" ] || return 0
		m_p=${m_p%/*}
	done
}
# m_spare sets m_reserve, what must stay available.
m_spare() {
	m_reserve=$((m_total / 20))
	[ "$m_reserve" -ge 262144 ] || m_reserve=262144
}
`

// memoryAsk sets m_kib, what is to be taken, or refuses.
const memoryAsk = ram + `
m_ask() {
	m_look || return 1
	m_spare
	[ -z "$RESERVE" ] || m_reserve=$((RESERVE / 1024))
	if [ -n "$SIZE" ]; then
		m_kib=$((SIZE / 1024))
	else
		m_kib=$((m_total * LEVEL / 10000 - (m_total - m_avail)))
		if [ "$m_kib" -lt 1024 ]; then
			xdc_say "$(((m_total - m_avail) * 100 / m_total))% of the memory are in use already: level asks for no more"
			return 1
		fi
	fi
	if [ $((m_avail - m_kib)) -lt "$m_reserve" ]; then
		xdc_say "taking $(r_mib "$m_kib") of memory would leave less than the reserve of $(r_mib "$m_reserve"): $(r_mib "$m_avail") of $(r_mib "$m_total") are available; take less, or lower reserve"
		return 1
	fi
}
`

const memoryLook = memoryAsk + `m_ask`

// memoryInject starts a member for each GiB, but not more than 16.
const memoryInject = memoryAsk + `
r_begin && m_ask || return 1
printf '%s\n' "$m_kib" >"$XDC_HOME/want" || return 1
m_part=$(((m_kib + 15) / 16))
[ "$m_part" -ge 1048576 ] || m_part=1048576
XDC_RESERVE=$m_reserve
while [ "$m_kib" -gt 0 ]; do
	[ "$m_kib" -ge "$m_part" ] || m_part=$m_kib
	XDC_BYTES=$((m_part * 1024))
	export XDC_BYTES XDC_RESERVE
	r_spawn || return 1
	m_kib=$((m_kib - m_part))
done
r_up
`

// memoryLoop holds XDC_BYTES: tail keeps the last bytes of what it reads until that ends. It ends, too, when less than
// half of what was to stay available is.
const memoryLoop = ram + `
exec 2>>"$XDC_HOME/why"
r_first
m_enough() {
	m_look || return 0
	[ "$m_avail" -lt $((XDC_RESERVE / 2)) ] || return 0
	xdc_say "only $(r_mib "$m_avail") of memory were available, and the memory was let go"
	return 1
}
{
	head -c "$XDC_BYTES" /dev/zero
	while r_open && m_enough; do sleep 1; done
} | tail -c "$XDC_BYTES" >/dev/null
`

// memoryVerify counts what the members hold, in memory or swapped out.
const memoryVerify = ram + `
m_want=0
{ read -r m_want <"$XDC_HOME/want"; } 2>/dev/null
m_held=$(for m_p in $(xdc_tagged); do cat "/proc/$m_p/status" 2>/dev/null; done | awk '/^(RssAnon|VmSwap):/ { n += $2 } END { print n + 0 }')
r_says=$(r_all) || { echo "$(r_mib "$m_held") of $(r_mib "$m_want") are held; $r_says"; return 1; }
if [ "$m_want" -le 0 ] || [ $((m_held * 100)) -lt $((m_want * 99)) ]; then
	echo "$(r_mib "$m_held") of $(r_mib "$m_want") are held"
	return 1
fi
m_look || return 3
echo "$(r_mib "$m_held") are held, $(r_mib "$m_avail") of $(r_mib "$m_total") are available"
`
