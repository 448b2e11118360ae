package network

// dnsTools are functions for the scripts of names. They need what nftTools need (RULES is empty when no queries are refused),
// NAMES, and ANSWER (an address; empty when the names are to be absent).
//
// What is mounted must be mounted where the host's programs see it: in the mounts of process 1, not in those that a login
// may have of its own.
const dnsTools = `
d_host() {
	if [ "$(readlink /proc/self/ns/mnt)" = "$(readlink /proc/1/ns/mnt)" ]; then "$@"; else nsenter -t 1 -m -- "$@"; fi
}
d_file=$(readlink -f /etc/hosts)
# d_mounts prints what is mounted over the file, the newest last: the path that it shows.
d_mounts() { awk -v file="$d_file" '$5 == file { print $4 }' /proc/1/mountinfo; }
d_ours() { case "$1" in */"$XDC_NAME"/hosts | */"$XDC_NAME"/hosts//deleted) return 0 ;; esac; return 1; }
d_check() {
	[ -f "$d_file" ] || { echo "there is no /etc/hosts" >&2; return 1; }
	if [ -r /etc/nsswitch.conf ] && ! sed 's/#.*//' /etc/nsswitch.conf | awk '$1 == "hosts:" { seen = 1; for (i = 2; i <= NF; i++) { if ($i == "files") ok = 1; if ($i == "dns" || $i == "resolve") exit } } END { exit !(ok || !seen) }'; then
		echo "/etc/nsswitch.conf does not look into /etc/hosts first" >&2
		return 1
	fi
	[ -z "$RULES" ] || { printf '%s\n' "$RULES"; n_fill 60; } | nft -c -f -
}
# d_copy prints the file without the names, and with the answer.
d_copy() {
	awk -v names="$NAMES" '
		BEGIN { n = split(names, list, " "); for (i = 1; i <= n; i++) gone[list[i]] = 1 }
		/^[ \t]*(#|$)/ { print; next }
		{
			line = $1; k = 0
			for (i = 2; i <= NF && $i !~ /^#/; i++) if (!(tolower($i) in gone)) { line = line " " $i; k++ }
			if (k) print line
		}
	' "$d_file" || return 1
	[ -z "$ANSWER" ] || for d_n in $NAMES; do printf '%s %s\n' "$ANSWER" "$d_n"; done
}
d_load() {
	d_top=$(d_mounts | tail -n 1)
	d_ours "$d_top" || {
		( umask 022; d_copy >"$XDC_HOME/hosts" ) || return 1
		chmod 644 "$XDC_HOME/hosts"
		d_host mount --bind "$XDC_HOME/hosts" "$d_file" || return 1
	}
	[ -z "$RULES" ] || n_load || return 1
	# What the host's own cache still knows would hide the fault. It fills again by itself.
	if command -v resolvectl >/dev/null 2>&1; then resolvectl flush-caches; fi >/dev/null 2>&1
	return 0
}
d_verify() {
	d_ours "$(d_mounts | tail -n 1)" || { echo "no changed file is over $d_file"; return 1; }
	if [ "$(d_host cat "$d_file" | cksum)" != "$(cksum <"$XDC_HOME/hosts")" ]; then echo "$d_file is not the copy that was mounted" >&2; return 3; fi
	if [ -z "$ANSWER" ]; then
		n_verify >/dev/null || { n_verify; return $?; }
		echo "queries for $NAMES are refused, and $d_file does not hold them"
		return 0
	fi
	for d_n in $NAMES; do
		# This asks files alone: the question never leaves the host.
		! command -v getent >/dev/null 2>&1 || getent -s files ahosts "$d_n" 2>/dev/null | grep -qF "$ANSWER" || getent ahosts "$d_n" | grep -qF "$ANSWER" || { echo "$d_n does not resolve to $ANSWER"; return 1; }
	done
	echo "$NAMES resolves to $ANSWER"
}
d_undo() {
	d_bad=0
	if d_mounts | grep -q "/$XDC_NAME/hosts"; then
		while d_ours "$(d_mounts | tail -n 1)"; do
			d_host umount "$d_file" || d_host umount -l "$d_file" || { d_bad=1; break; }
		done
		if d_mounts | grep -q "/$XDC_NAME/hosts"; then echo "something else is mounted over $d_file, on top of ours" >&2; d_bad=1; fi
	fi
	if command -v nft >/dev/null 2>&1; then n_undo || d_bad=1; elif [ -n "$RULES" ]; then d_bad=1; fi
	return "$d_bad"
}
d_left() {
	if d_mounts | grep -q "/$XDC_NAME/hosts"; then echo "the copy over $d_file"; return 1; fi
	if command -v nft >/dev/null 2>&1; then n_left; fi
}
`

// dnsState prints what is mounted over the file, and what it says.
const dnsState = `
s_file=$(readlink -f /etc/hosts)
awk -v file="$s_file" '$5 == file && $4 !~ /\/xdc_[a-z0-9_]+\/hosts/ { print $4 }' /proc/1/mountinfo
cksum <"$s_file"
`
