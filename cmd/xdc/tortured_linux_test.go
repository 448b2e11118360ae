package main

import (
	"fmt"
	"strings"
)

// Kinds of machines of the torture.
const (
	plain    = "w" // one host
	pair     = "p" // two hosts
	oldTimes = "o" // one host, without nft
	sudoer   = "s" // one host, logged in to as a user who may use sudo
	nobody   = "n" // the same, without
	doer     = "d" // one host, logged in to as a user who may use doas
	platform = "e" // one host, with the platform and its PEs
)

// machines is how many targets of each kind there are; each is tortured by one run at a time.
var machines = map[string]int{plain: 12, pair: 4, oldTimes: 4, sudoer: 4, nobody: 4, doer: 3, platform: 4}

// victims run on every machine of the torture.
const victims = `mkdir -p /run/bin /tmp/data && cp /bin/sleep /run/bin/victim && cp /bin/sleep /run/bin/server && cp /bin/sleep /run/bin/lonely && mount -t tmpfs -o size=48m tmpfs /tmp/data
setsid /run/bin/victim 100000 >/dev/null 2>&1 </dev/null &
setsid /run/bin/lonely 100000 >/dev/null 2>&1 </dev/null &
setsid sh -c 'while :; do /run/bin/server 100000; sleep 0.1; done' >/dev/null 2>&1 </dev/null &
`

// plainShell gives root of a machine a plain shell to log in by, in place of whatever it is here; other kinds of machines
// keep that, and thousands of logins are quicker.
const plainShell = `
sed '/^root:/s,:[^:]*$,:/bin/sh,' /etc/passwd >/run/passwd && mount --bind /run/passwd /etc/passwd || exit 1
`

// withoutNft hides nft on a machine: what is left is iptables, with some rules that were there before.
const withoutNft = `
mount --bind /dev/null "$(command -v nft)"
for t in iptables ip6tables; do
	$t -P FORWARD DROP && $t -N site && $t -A site -p tcp --dport 9999 -j DROP && $t -A INPUT -j site
done
`

// withUsers gives a machine a user xdc, in place of whoever the machine that it shares its files with has; with $SUDO or $DOAS
// it may become root. The lab's key is for it, too.
const withUsers = `
mkdir -p /run/u && cp /etc/passwd /etc/shadow /etc/sudoers /etc/hosts /run/u
if [ -n "$DOAS" ]; then
	mount -t tmpfs tmpfs /mnt && cp -a /etc /mnt/etc && mount --bind /mnt/etc /etc || exit 1
	echo 'permit nopass xdc cmd /bin/sh' >/etc/doas.conf
fi
echo 'xdc:x:4711:4711::/run/u:/bin/sh' >>/run/u/passwd
echo 'xdc:*:19000:0:99999:7:::' >>/run/u/shadow
[ -z "$SUDO" ] || echo 'xdc ALL=(root) NOPASSWD: /bin/sh' >>/run/u/sudoers
echo "127.0.0.1 $(hostname)" >>/run/u/hosts # sudo looks its host's name up, and there is no server of names
for f in passwd shadow sudoers hosts; do mount --bind /run/u/$f /etc/$f || exit 1; done
chmod 755 /run/lab && chmod 644 /run/lab/authorized_keys
setpriv --reuid 4711 --regid 4711 --clear-groups setsid /run/bin/victim 300000 >/dev/null 2>&1 </dev/null &
`

// user is whether xdc logs in as somebody else than root. The lab swaps the users of a plan: such plans are applied for
// real, in the network of the lab's runner.
func user(kind string) bool { return kind == sudoer || kind == nobody || kind == doer }

// tortured is a fault as it is tortured, with arguments that suit a lab's machine.
type tortured struct {
	typ, args string
	// variant tells the entries of a type apart.
	variant string
	// kind is the kind of machine; default plain.
	kind string
	// lasts is the argument that ends it; default a duration of a second.
	lasts string
}

func (f tortured) name() string {
	return strings.ReplaceAll(strings.TrimSpace(f.typ+" "+f.variant), " ", "-")
}

// onHosts are the faults that act on hosts, all fifteen types, and the command in the background, which has the same life.
var onHosts = []tortured{
	{typ: "network_partition", args: `from = ["10.99.0.0/24"]`},
	{typ: "network_loss", args: `from = ["10.99.0.0/24"]
  loss = "30%"`},
	{typ: "network_latency", args: `from = ["10.99.0.0/24"]
  latency = "100ms"`},
	{typ: "network_bandwidth", args: `from = ["10.99.0.0/24"]
  rate = "64KiB"`},
	{typ: "network_blackhole", args: `to = ["10.99.0.0/24"]`},
	{typ: "network_dns", args: `names = ["orders.example.com"]
  answer = "10.99.0.9"`},
	{typ: "process_hang", args: `name = "victim"`},
	{typ: "process_kill", args: `name = "server"`},
	{typ: "process_restart", args: `stop = ["/bin/sh", "-c", "pkill -x lonely; sleep 0.1"]
  start   = ["/bin/sh", "-c", "setsid /run/bin/lonely 100000 >/dev/null 2>&1 </dev/null &"]
  running = ["pgrep", "-x", "lonely"]`},
	{typ: "resource_cpu", args: `load = "2%"`},
	{typ: "resource_memory", args: `size = "24MiB"`},
	{typ: "resource_io", args: `path = "/var/tmp"
  size = "1MiB"
  writers = 1
  block = "64KiB"
  rate = "256KiB"`},
	{typ: "resource_disk", args: `path = "/tmp/data"
  size = "8MiB"
  reserve = "1MiB"`},
	{typ: "resource_unmount", args: `path = "/tmp/data"`},
	{typ: "host_command", args: `inject = ["touch", "/run/command"]
  verify = ["test", "-e", "/run/command"]
  heal   = ["rm", "-f", "/run/command"]`},
	{typ: "exec", args: `command    = ["/run/bin/victim", "200000"]
  background = true
  ready      = ["pgrep", "-f", "victim 200000"]
  stop       = ["pkill", "-f", "victim 200000"]`},
}

// variants are the same faults in other ways.
var variants = []tortured{
	{typ: "network_partition", variant: "by IPv6", args: `from = ["fd00:99::/64"]`},
	{typ: "network_partition", variant: "on two hosts", kind: pair, args: `from = ["10.99.0.0/24"]`},
	{typ: "network_partition", variant: "by iptables", kind: oldTimes, args: `from = ["10.99.0.0/24", "fd00:99::/64"]`},
	{typ: "network_loss", variant: "by iptables", kind: oldTimes, args: `from = ["10.99.0.0/24"]
  loss = "30%"`},
	{typ: "network_loss", variant: "in stages", args: `from = ["10.99.0.0/24"]
  loss = "30%"`, lasts: `stage {
    duration = "500ms"
    loss     = "10%"
  }
  stage {
    duration = "500ms"
    loss     = "60%"
  }`},
	{typ: "network_partition", variant: "by sudo", kind: sudoer, args: `from = ["10.99.0.0/24"]`},
	{typ: "process_hang", variant: "by sudo", kind: sudoer, args: `pattern = "victim 300000"`},
	{typ: "process_hang", variant: "by doas", kind: doer, args: `pattern = "victim 300000"`},
	{typ: "network_partition", variant: "by doas", kind: doer, args: `from = ["10.99.0.0/24"]`},
	{typ: "process_hang", variant: "of a PE", kind: platform, args: `operator = "KeyedCounter"`},
	{typ: "process_kill", variant: "of a PE", kind: platform, args: `operator = "KeyedCounter"`},
	{typ: "process_hang", variant: "as a user", kind: nobody, args: `pattern = "victim 300000"`},
	{typ: "host_command", variant: "as a user", kind: nobody, args: `inject = ["touch", "/tmp/command"]
  verify = ["test", "-e", "/tmp/command"]
  heal   = ["rm", "-f", "/tmp/command"]`},
	{typ: "process_kill", variant: "again and again", args: `name  = "server"
  every = "1s"`, lasts: `duration = "1500ms"`},
}

// planOf is a plan with the fault on the nth machine of its kind.
func planOf(f tortured, n int) string {
	at := fmt.Sprintf("%s%d", f.machine(), n)
	hosts := "target." + at + ".host.h"
	if f.machine() == pair {
		hosts += ", target." + at + ".host.i"
	}
	text := "plan \"torture\" {}\n\n" + targetOf(f.machine(), n)
	if f.machine() == platform {
		return text + fmt.Sprintf("\nfault %q \"x\" {\n  job = job.%s\n  %s\n  duration = \"1s\"\n}\n", f.typ, at, f.args)
	}
	if f.typ == "exec" {
		return text + fmt.Sprintf("\naction \"exec\" \"x\" {\n  host = %s\n  %s\n}\n", hosts, f.args)
	}
	lasts := f.lasts
	if lasts == "" {
		lasts = `duration = "1s"`
	}
	return text + fmt.Sprintf("\nfault %q \"x\" {\n  hosts = [%s]\n  %s\n  %s\n}\n", f.typ, hosts, f.args, lasts)
}

func (f tortured) machine() string {
	if f.kind == "" {
		return plain
	}
	return f.kind
}

// hostsOf are the machines of a target of a kind, as the lab names them.
func hostsOf(kind string, n int) []string {
	out := []string{fmt.Sprintf("%s%d.h", kind, n)}
	if kind == pair {
		out = append(out, fmt.Sprintf("%s%d.i", kind, n))
	}
	return out
}

// targetOf is a target of a kind, and the job on it where it has the platform.
func targetOf(kind string, n int) string {
	net := 10 * strings.Index(plain+pair+oldTimes+sudoer+nobody+doer+platform, kind)
	login, services := "", ""
	if user(kind) {
		login = "    user = \"xdc\"\n    identity_file = \"lab/id_ed25519\"\n    known_hosts = \"lab/known_hosts\"\n"
	}
	switch kind {
	case sudoer:
		login += "    become = \"sudo\"\n"
	case doer:
		login += "    become = \"doas\"\n"
	case platform:
		services = fmt.Sprintf("  streams {\n    url           = \"https://streams.%s%d.example.com:8443\"\n    instance      = \"i\"\n    username      = \"u\"\n    poll_interval = \"200ms\"\n  }\n", kind, n)
	}
	text := fmt.Sprintf("target \"%s%d\" {\n%s  host \"h\" {\n    address = \"10.%d.%d.1\"\n%s  }\n", kind, n, services, net+1, n, login)
	if kind == pair {
		text += fmt.Sprintf("  host \"i\" {\n    address = \"10.%d.%d.2\"\n  }\n", net+1, n)
	}
	text += "}\n"
	if kind == platform {
		text += fmt.Sprintf("\njob \"%s%d\" {\n  bundle = \"orders.sab\"\n  target = target.%[1]s%[2]d\n}\n", kind, n)
	}
	return text
}

// target is a target with one host, "w0.h" for the first.
func target(n int) string { return targetOf(plain, n) }
