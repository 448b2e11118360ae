package resource

// diskState says which file system the folder is on; how much of it is in use changes all the time.
const diskState = `
df -P -k -- "$DIR" 2>/dev/null | sed -n '2s/^\(.*[^ ]\)  *[0-9][0-9]*  *[0-9][0-9]*  *[0-9][0-9]*  *[0-9-]*%\{0,1\}  *\(\/.*\)$/\1 \2/p'
[ -d "$DIR" ]
`

// space sets d_used and d_avail (KiB), d_reserve, and d_memory, which is not empty for file systems in memory.
const space = ram + `
d_look() {
	if [ ! -d "$DIR" ] || [ ! -w "$DIR" ]; then
		xdc_say "path is no folder that can be written to"
		return 1
	fi
	set -- $(df -P -k -- "$DIR" 2>/dev/null | sed -n '2s/^.* \([0-9][0-9]*\)  *\([0-9][0-9]*\)  *\([0-9][0-9]*\)  *[0-9-]*%\{0,1\}  *\/.*$/\1 \2 \3/p')
	if [ $# -ne 3 ] || [ "$(($2 + $3))" -le 0 ]; then
		xdc_say "nobody can tell how much space the file system of path has"
		return 1
	fi
	d_used=$2 d_avail=$3
	d_memory=
	case $(stat -f -c %T -- "$DIR" 2>/dev/null) in
	tmpfs | ramfs) d_memory=yes ;;
	nfs* | cifs | smb*)
		xdc_say "path is on a network file system, where a file without a name can outlive this host: run the fault on the server"
		return 1
		;;
	esac
	d_reserve=$(($1 / 100))
	[ "$d_reserve" -ge 65536 ] || d_reserve=65536
	[ -z "$RESERVE" ] || d_reserve=$(((RESERVE + 1023) / 1024))
}
# d_bear KIB refuses what would leave too little.
d_bear() {
	if [ $((d_avail - $1)) -lt "$d_reserve" ]; then
		xdc_say "taking $(r_mib "$1") of the file system would leave less than the reserve of $(r_mib "$d_reserve"): $(r_mib "$d_avail") are free; take less, or lower reserve"
		return 1
	fi
	if [ "$d_reserve" -lt 16384 ]; then
		d_dev=$(stat -c %d -- "$DIR") || return 1
		for d_own in / "${XDC_BASE%/*}/"; do
			if [ "$(stat -c %d -- "$d_own")" = "$d_dev" ]; then
				xdc_say "the system itself lives on this file system: its reserve must be at least 16MiB"
				return 1
			fi
		done
	fi
	[ -n "$d_memory" ] || return 0
	m_look || return 1
	m_spare
	if [ $((m_avail - $1)) -lt "$m_reserve" ]; then
		xdc_say "the file system is in memory: taking $(r_mib "$1") would leave less than $(r_mib "$m_reserve") of memory available"
		return 1
	fi
}
`

// unnamed opens a file without a name as descriptor 8. With noclobber, a name that somebody else has put there is not
// followed.
const unnamed = `
exec 2>>"$XDC_HOME/why"
r_first
umask 077
set -C
exec 8>"$DIR/.$XDC_NAME.$$" || return 1
rm -f -- "$DIR/.$XDC_NAME.$$" || return 1
set +C
`

const diskAsk = space + `
d_ask() {
	d_look || return 1
	if [ -n "$SIZE" ]; then
		d_kib=$((SIZE / 1024))
	else
		d_kib=$(((d_used + d_avail) * LEVEL / 10000 - d_used))
		if [ "$d_kib" -lt 4 ]; then
			xdc_say "$((d_used * 100 / (d_used + d_avail)))% of the file system are in use already: level asks for no more"
			return 1
		fi
	fi
	d_bear "$d_kib"
}
`

const diskLook = diskAsk + `d_ask`

const diskInject = diskAsk + `
r_begin && d_ask || return 1
printf '%s\n' "$d_kib" >"$XDC_HOME/want" || return 1
XDC_BYTES=$((d_kib * 1024))
export XDC_BYTES
r_spawn || return 1
r_up
`

// diskLoop takes XDC_BYTES at a stroke where the file system can, else by writing. The sleeps inherit the descriptor: to
// close it for them, some shells move it for a while.
const diskLoop = unnamed + `
fallocate -l "$XDC_BYTES" /proc/self/fd/8 2>/dev/null || head -c "$XDC_BYTES" /dev/zero >&8
while r_open; do sleep 1; done
`

// diskVerify asks how much the file without a name takes, and what df says.
const diskVerify = space + `
r_all || return 1
d_want=0
{ read -r d_want <"$XDC_HOME/want" && read -r d_pid <"$XDC_HOME/pids"; } 2>/dev/null
d_held=$(du -k -L "/proc/$d_pid/fd/8" 2>/dev/null | cut -f 1)
d_held=${d_held:-0}
d_look || return 3
d_now="$((d_used * 100 / (d_used + d_avail)))% of the file system are in use, $(r_mib "$d_avail") are free"
if [ "$d_want" -le 0 ] || [ $((d_held * 100)) -lt $((d_want * 99)) ]; then
	echo "$(r_mib "$d_held") of $(r_mib "$d_want") are taken; $d_now$(r_why)"
	return 1
fi
if [ -n "$LEVEL" ] && [ $((d_used * 10000 / (d_used + d_avail))) -lt $((LEVEL - 100)) ]; then
	echo "the level is not reached: $d_now"
	return 1
fi
echo "$(r_mib "$d_held") are taken; $d_now"
`

// ioAsk refuses what the disk cannot bear.
const ioAsk = space + `
i_ask() {
	d_look || return 1
	if [ -n "$d_memory" ]; then
		xdc_say "the file system of path is in memory: there is no disk to write to; name a folder on a disk"
		return 1
	fi
	d_bear "$(((SIZE + 1023) / 1024))"
}
`

const ioLook = ioAsk + `i_ask`

const ioInject = ioAsk + `
r_begin && i_ask || return 1
i_n=0
while [ "$i_n" -lt "$WRITERS" ]; do
	i_n=$((i_n + 1))
	r_spawn || return 1
done
r_up
`

// ioLoop writes about 8 MiB between two fsyncs, less when the rate is low, and keeps the sum in XDC_HOME/wrote.*.
const ioLoop = unnamed + `
i_all=$((SIZE / WRITERS / BLOCK))
i_chunk=$((8388608 / BLOCK))
i_rate=
if [ -n "$RATE" ]; then
	i_rate=$((RATE / WRITERS))
	[ $((i_chunk * BLOCK)) -le $((i_rate / 4)) ] || i_chunk=$((i_rate / 4 / BLOCK))
fi
[ "$i_chunk" -le "$i_all" ] || i_chunk=$i_all
[ "$i_chunk" -ge 1 ] || i_chunk=1
xdc_now || return 1
i_start=$xdc_n i_at=0 i_sum=0
while r_open; do
	i_n=$i_chunk
	[ $((i_at + i_n)) -le "$i_all" ] || i_n=$((i_all - i_at))
	i_said=$(dd if=/dev/zero of=/proc/self/fd/8 bs="$BLOCK" count="$i_n" seek="$i_at" conv=notrunc,fsync 2>&1) || { xdc_say "$i_said"; return 1; }
	i_at=$(((i_at + i_n) % i_all)) i_sum=$((i_sum + i_n * BLOCK / 512))
	printf '%s\n' "$((i_sum / 2))" >"$XDC_HOME/wrote.$$"
	while [ -n "$i_rate" ] && r_open && xdc_now && [ $((i_sum * 51200 / i_rate)) -gt $((xdc_n - i_start)) ]; do xdc_nap 0.1; done
done
`

const ioVerify = `
r_all || return 1
i_n=0 i_sum=0
while read -r i_pid; do
	i_one=0
	{ read -r i_one <"$XDC_HOME/wrote.$i_pid"; } 2>/dev/null || continue
	i_n=$((i_n + 1)) i_sum=$((i_sum + i_one))
done <"$XDC_HOME/pids"
if [ "$i_n" -lt "$r_n" ]; then
	echo "$i_n of $r_n writers have written something"
	return 1
fi
echo "$r_n writers have written $(r_mib "$i_sum")"
`
