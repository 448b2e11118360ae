package remote

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/clock"
	"github.com/xdc-project/xdc/providers/shell"
)

// tools are the programs that are looked for.
var tools = []string{
	"nft", "iptables", "ip6tables", "iptables-save", "ip6tables-save", "ip", "tc", "flock", "setsid", "systemctl", "systemd-run",
	"getent", "mount", "umount", "unshare", "streamtool",
}

// facts is the script that looks. Queueing disciplines are tried in a network namespace of their own, which is gone with
// the process that made it, and all by one tc: each is added, shown and removed.
const facts = `
set -- $(uname -sr)
uid=$(id -u)
printf 'system %s\nkernel %s\nuid %s\nuser %s\n' "${1:-}" "${2:-}" "$uid" "$(id -un 2>/dev/null || echo "$uid")"
[ -d /run/systemd/system ] && echo systemd yes
{ read -r b </proc/sys/kernel/random/boot_id && printf 'boot %s\n' "$b"; } 2>/dev/null
eval "set -- $TOOLS"
for t in "$@"; do
	p=$(command -v "$t" 2>/dev/null) && case $p in /*) printf 'tool %s %s\n' "$t" "$p" ;; esac
done
if [ "$uid" = 0 ] && [ -d /run ]; then
	echo 'dir /run/xdc'
else
	printf 'dir /tmp/xdc-%s\n' "$uid"
fi
if [ "$uid" = 0 ] && command -v unshare >/dev/null && command -v tc >/dev/null; then
	unshare -n /bin/sh -c '
		ip link set lo up
		echo qdiscs tried
		for q in "netem delay 1ms" "htb default 1" "tbf rate 1mbit burst 16k latency 1s" prio fq fq_codel pfifo; do
			printf "qdisc add dev lo root handle 1: %s\nqdisc show dev lo\nqdisc del dev lo root\n" "$q"
		done | tc -force -batch - | while read -r what q handle rest; do
			[ "$what $handle" != "qdisc 1:" ] || echo "qdisc $q"
		done' 2>/dev/null
fi
return 0
`

// Facts implements providers.Machine. What failed is looked up again at the next call.
func (m *machine) Facts(ctx context.Context) (providers.Facts, error) {
	select {
	case m.facts.free <- struct{}{}:
		defer func() { <-m.facts.free }()
	case <-ctx.Done():
		return providers.Facts{}, m.link.gone(ctx)
	}
	if m.facts.known != nil {
		return *m.facts.known, nil
	}
	// sudo and doas do not pass on by which connection one came, so that is asked without them.
	came, err := m.Run(ctx, shell.Script{Name: "facts", Text: `printf 'peer %s\n' "${SSH_CONNECTION:-}"`, Plain: true})
	if err != nil {
		return providers.Facts{}, err
	}
	out, err := m.Run(ctx, shell.Script{Name: "facts", Text: facts}.SetList("TOOLS", tools))
	if err != nil {
		return providers.Facts{}, err
	}
	f, err := parseFacts(out.Stdout + "\n" + came.Stdout)
	if err != nil {
		return f, &Error{Place: m.place, Doing: "look what the host is", Kind: ErrShell, What: fmt.Sprintf("%v (status %d): %s", err, out.Exit, printable(out.Stderr, 300))}
	}
	m.facts.known = &f
	return f, nil
}

// parseFacts reads what the script prints. Lines that it does not know are passed over.
func parseFacts(text string) (providers.Facts, error) {
	f := providers.Facts{UID: -1, Tools: map[string]string{}}
	in := bufio.NewScanner(strings.NewReader(text))
	for in.Scan() {
		key, value, _ := strings.Cut(in.Text(), " ")
		switch key {
		case "system":
			f.System = value
		case "kernel":
			f.Kernel = value
		case "uid":
			n, err := strconv.Atoi(value)
			if err != nil {
				return f, fmt.Errorf("the host's id -u is %q", printable(value, 50))
			}
			f.UID, f.Root = n, n == 0
		case "user":
			f.User = value
		case "systemd":
			f.Systemd = true
		case "boot":
			f.Boot = value
		case "dir":
			f.Dir = value
		case "peer": // address port own-address own-port
			if p := strings.Fields(value); len(p) == 4 {
				f.Peer, _ = netip.ParseAddr(p[0]) // else it is not known
				f.Peer = f.Peer.Unmap()
				f.Port, _ = strconv.Atoi(p[3])
			}
		case "tool":
			if name, path, ok := strings.Cut(value, " "); ok && slices.Contains(tools, name) {
				f.Tools[name] = path
			}
		case "qdiscs":
			f.Qdiscs = []string{}
		case "qdisc":
			f.Qdiscs = append(f.Qdiscs, value)
		}
	}
	if f.System == "" || f.UID < 0 || f.Dir == "" {
		return f, fmt.Errorf("the host's answer is not whole")
	}
	return f, in.Err()
}

// Check implements providers.Checker: whether faults could be made on the host: login, privileges, and what an undo needs.
// It changes nothing there. The first thing in the way ends it.
func (m *machine) Check(ctx context.Context) []providers.Finding {
	subject := m.place + " ssh"
	f, err := m.Facts(ctx)
	if err != nil {
		out := providers.Finding{Subject: subject, Text: err.Error()}
		if e, ok := errors.AsType[*Error](err); ok {
			out.Text, out.Remedy = e.Said(), e.Remedy
			if e.Doing != "" {
				out.Text = e.Doing + ": " + out.Text
			}
		}
		return []providers.Finding{out}
	}
	login := providers.Finding{Subject: subject, OK: true, Text: fmt.Sprintf("logged in as %s; scripts run as %s on %s %s", m.link.at.login(), f.User, f.System, f.Kernel)}
	if !f.Root {
		login.Text += "; faults that need root will be refused (become = \"sudo\" gives it)"
	}
	out := []providers.Finding{login}
	for _, t := range []string{"flock", "setsid"} {
		if f.System == "Linux" && !f.Has(t) {
			out = append(out, providers.Finding{Subject: subject, Text: "the host has no " + t + ", without which no undo can be armed", Remedy: "Install util-linux or busybox there."})
		}
	}
	return out
}

// Examine implements providers.Examiner: what the host has for making faults, and how far its clock is off.
func (m *machine) Examine(ctx context.Context) []providers.Finding {
	f, err := m.Facts(ctx)
	if err != nil {
		return []providers.Finding{{Subject: m.place + " ssh", Text: err.Error()}}
	}
	say := func(what, text string) providers.Finding {
		return providers.Finding{Subject: m.place + " " + what, OK: true, Text: text}
	}
	out := []providers.Finding{say("tools", toolsOf(f))}
	switch {
	case f.Qdiscs != nil && !slices.Contains(f.Qdiscs, "netem"):
		out = append(out, say("queueing", "the kernel has no netem: network_latency is refused there; it has "+orNone(f.Qdiscs)))
	case f.Qdiscs != nil:
		out = append(out, say("queueing", "the kernel has "+orNone(f.Qdiscs)))
	case f.System == "Linux":
		out = append(out, say("queueing", "which queueing disciplines the kernel has could not be tried (it takes root, unshare and tc)"))
	}
	dog := "runs in a session of its own (there is no systemd)"
	if f.Systemd && f.Root && f.Has("systemd-run") {
		dog = "runs as a unit of systemd"
	}
	out = append(out, say("watchdog", dog+"; a reboot ends every fault but what commands of the plan have written, and what a unit or command has to start again"))
	off, err := clock.Of(ctx, m)
	switch {
	case err != nil:
		out = append(out, say("clock", "its offset is not known: "+err.Error()))
	case off.Zero():
		out = append(out, say("clock", "agrees with this machine's: "+off.String()))
	default:
		out = append(out, say("clock", "is off by "+off.String()+"; leases are measured by the host's own uptime and do not mind"))
	}
	return out
}

func toolsOf(f providers.Facts) string {
	var have, miss []string
	for _, t := range []string{"nft", "iptables", "ip6tables", "ip", "tc", "flock", "setsid", "systemctl", "streamtool"} {
		if f.Has(t) {
			have = append(have, t)
		} else {
			miss = append(miss, t)
		}
	}
	return orNone(have) + "; not there: " + orNone(miss)
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
