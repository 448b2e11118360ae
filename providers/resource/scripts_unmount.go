package resource

// cover sets u_is: "ours" while the cover is the topmost mount on its folder, "theirs" where something was mounted over
// it, else "none". The cover's source is the fault's unique name, by which the kernel's table has it.
const cover = `
u_look() {
	u_at= u_is=none
	while read -r u_id u_of u_dev u_root u_mp u_rest; do
		case " $u_rest " in *" - tmpfs $XDC_NAME "*) u_at=$u_mp ;; esac
	done </proc/self/mountinfo || return 1
	[ -n "$u_at" ] || return 0
	while read -r u_id u_of u_dev u_root u_mp u_rest; do
		[ "$u_mp" = "$u_at" ] || continue
		case " $u_rest " in *" - tmpfs $XDC_NAME "*) u_is=ours ;; *) u_is=theirs ;; esac
	done </proc/self/mountinfo
}
`

// unmountAsk refuses folders without which the host could not be reached, or the fault not be undone.
const unmountAsk = `
u_ask() {
	if [ ! -d "$DIR" ]; then xdc_say "path is no folder"; return 1; fi
	if [ "$(id -u)" != 0 ]; then xdc_say "covering a folder needs root: give the host block become"; return 1; fi
	u_real=$(cd "$DIR" && pwd -P && printf x) || { xdc_say "path is no folder that can be entered"; return 1; }
	u_real=${u_real%??}
	for u_own in / /bin /boot /dev /etc /home /lib /lib32 /lib64 /opt /proc /root /run /sbin /sys /tmp /usr /var /var/lib /var/run; do
		if [ "$DIR" -ef "$u_own" ]; then xdc_say "path holds the system itself, or what others need: name a folder further down"; return 1; fi
	done
	case $u_real/ in
	/proc/* | /sys/* | /dev/* | /usr/* | /etc/* | /boot/*) xdc_say "path holds the system itself, or what others need: name a folder further down"; return 1 ;;
	esac
	case $XDC_BASE/ in
	"$u_real"/*) xdc_say "path holds the folder of xdc, without which nothing could be undone"; return 1 ;;
	esac
}
`

const unmountLook = unmountAsk + `u_ask`

const unmountInject = cover + unmountAsk + `
u_look || return 1
[ "$u_is" = none ] || return 0
u_ask && mount -t tmpfs -o ro,nosuid,nodev,noexec,size=4k,mode=0555 "$XDC_NAME" "$DIR"
`

const unmountVerify = cover + `
u_look || return 3
case $u_is in
ours) echo "the folder is covered" ;;
theirs) echo "something else was mounted over the cover"; return 1 ;;
none) echo "the folder is not covered"; return 1 ;;
esac
`

// unmountUndo takes the cover away also where somebody stands in it.
const unmountUndo = cover + `
u_n=0
while u_look && [ "$u_is" = ours ] && [ "$u_n" -lt 20 ]; do
	u_n=$((u_n + 1))
	umount "$DIR" 2>/dev/null || umount -l "$DIR" || return 1
done
u_look || return 1
[ "$u_is" != theirs ] || xdc_say "something was mounted over the cover: unmount it first"
[ "$u_is" = none ]
`

const unmountLeft = cover + `
u_look || return 3
[ "$u_is" = none ] && return 0
echo "the folder is still covered"
return 1
`

// unmountState says which folder it is: its file system and its number there.
const unmountState = `stat -c '%d %i' -- "$DIR"`
