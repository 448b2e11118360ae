package toolkit

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/shell"
)

// Bounds of what is tried from a host.
const (
	mostMachines = 16
	mostProbes   = 48
)

// configScript prints a file, without what its password is: only whether it has a = in it.
const configScript = `
[ -f "$FILE" ] && [ -r "$FILE" ] || { echo missing; return 0; }
echo file
sed 's/^\([[:blank:]]*dataSnapshotJdbcPassword[[:blank:]]*=\)[^=]*$/\1hidden/; t
s/^\([[:blank:]]*dataSnapshotJdbcPassword[[:blank:]]*=\).*$/\1hidden=/' "$FILE" | head -c "$MOST"
`

// folderScript says what a folder is: "folder", then lines "writable", "inode N", "type T", "has NAME".
const folderScript = `
[ -e "$DIR" ] || { echo absent; return 0; }
[ -d "$DIR" ] || { echo other; return 0; }
echo folder
[ -w "$DIR" ] && echo writable
stat -c 'inode %i' -- "$DIR" 2>/dev/null
stat -f -c 'type %T' -- "$DIR" 2>/dev/null
cd "$DIR" 2>/dev/null || return 0
set -- *.snapshot
while [ $# -gt 200 ]; do shift $(($# - 200)); done
for f_n do [ -f "$f_n" ] && printf 'has %s\n' "$f_n"; done | head -c 65536
return 0
`

// reachScript tries to connect to each of PROBES ("HOST PORT") and prints "open", "refused", "unknown" (the name) or "silent"
// for each. It sends nothing: a request, whatever it holds, would count as a heartbeat.
const reachScript = `
command -v bash >/dev/null && command -v timeout >/dev/null || { echo cannot; return 0; }
p_try() {
	p_said=$(timeout 4 bash -c ': </dev/tcp/"$0"/"$1"' "$1" "$2" 2>&1)
	case $? in 0) p_said=open ;; *)
		case $p_said in
		*refused*) p_said=refused ;;
		*"not known"* | *"failure in name"* | *"No address"* | *"invalid"*) p_said=unknown ;;
		*) p_said=silent ;;
		esac ;;
	esac
	printf '%s %s %s\n' "$p_said" "$1" "$2"
}
eval "set -- $PROBES"
while [ $# -ge 2 ]; do
	p_try "$1" "$2" &
	shift 2
done
wait
`

// checkFolder looks at the folder of the snapshots on every host of the target that the plan has.
func (s *session) checkFolder(ctx context.Context, j providers.JobInfo, folder string, r *report) {
	if s.env.Machine == nil {
		return // a stand-in makes the folder when it is first written to
	}
	seen := map[string]folderFacts{}
	var hosts []string
	for _, h := range s.target.Hosts {
		out, err := s.run(ctx, providers.Place{Target: j.Target, Host: h.Name}, shell.Script{Name: "look at the folder of snapshots", Text: folderScript}.Set("DIR", folder))
		if err != nil {
			r.note("", "%s was not looked at on %s: %v", folder, h.Name, err)
			continue
		}
		f := parseFolder(out)
		seen[h.Name], hosts = f, append(hosts, h.Name)
		switch {
		case f.kind == "absent":
			r.bad("Make it, or mount it: what cannot be written is lost, and nothing but a line in a trace says so.", "the folder of the snapshots, %s, is not there on %s", folder, h.Name)
		case f.kind != "folder":
			r.bad("Correct dataSnapshotStorageDirectory.", "%s is no folder on %s", folder, h.Name)
		case !f.writable:
			r.bad("Give the application's user the right to write there, and mount it so that writing is possible.", "nothing can be written into %s on %s by the user that xdc logs in as", folder, h.Name)
		}
	}
	r.shared(folder, hosts, seen)
	if len(hosts) > 0 {
		r.strangers(folder, seen[hosts[0]].names)
	}
}

// folderFacts is what a host says of a folder.
type folderFacts struct {
	kind     string // folder, absent, other
	writable bool
	inode    string
	fs       string
	names    []string
}

func parseFolder(text string) folderFacts {
	var f folderFacts
	for line := range strings.Lines(text) {
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch word {
		case "folder", "absent", "other":
			if f.kind == "" {
				f.kind = word
			}
		case "writable":
			f.writable = true
		case "inode":
			f.inode = rest
		case "type":
			f.fs = rest
		case "has":
			if nameable(rest) {
				f.names = append(f.names, rest)
			}
		}
	}
	return f
}

// network file systems, as stat -f calls them; others can be shared too.
var sharedTypes = []string{"nfs", "nfs4", "gpfs", "lustre", "ceph", "cifs", "smb", "smb2", "glusterfs", "fuseblk", "fuse", "ocfs2", "gfs/gfs2", "afs", "beegfs"}

// shared says whether the hosts of a target see one folder, as far as can be told: the same number of it in its file system.
func (r *report) shared(folder string, hosts []string, seen map[string]folderFacts) {
	for i, h := range hosts {
		a, b := seen[hosts[0]], seen[h]
		if i == 0 || a.kind != "folder" || b.kind != "folder" {
			continue
		}
		switch {
		case a.inode != b.inode || !slices.Equal(a.names, b.names) && !slices.Contains(sharedTypes, a.fs):
			r.bad("Put it on a file system that all hosts of the data centre share: a PE may move.", "%s and %s see different folders under %s", hosts[0], h, folder)
		case !slices.Contains(sharedTypes, a.fs):
			r.note("Look whether it is on a file system that all hosts of the data centre share.", "whether %s and %s see the same folder under %s cannot be told: its file system is %s", hosts[0], h, folder, a.fs)
		}
	}
}

// strangers says when there is state of several data centres in the folder: the toolkit knows of one other.
func (r *report) strangers(folder string, names []string) {
	origins := map[string]bool{}
	for _, n := range names {
		if i := strings.LastIndexByte(n, '-'); i > 0 {
			origins[n[:i]] = true
		}
	}
	if len(origins) > 1 {
		r.note("Each application needs a folder of its own.", "there is state of %d data centres in %s: it may be of other applications, or of before a change of names", len(origins), folder)
	}
}

// hostName is what may be the name or the address of a machine.
var hostName = regexp.MustCompile(`^[A-Za-z0-9_:][A-Za-z0-9._:-]{0,252}$`)

// reaches tries from a side's host whether the ports of the machines that it sends to can be reached.
func (s *session) reaches(ctx context.Context, j, other providers.JobInfo, c configured, r *report) {
	machines := c.machines()
	r.covers(s.env.Targets[other.Target], machines)
	if s.env.Machine == nil || len(c.bad) > 0 {
		return
	}
	var probes []string
	for _, m := range machines[:min(len(machines), mostMachines)] {
		if !hostName.MatchString(m) {
			r.bad("Correct remoteDataCenterApplicationMachineNames.", "%.60q is no name of a machine", m)
			continue
		}
		for n := 0; n <= max(j.Toolkit.Pairs, 1) && len(probes) < 2*mostProbes; n++ {
			probes = append(probes, m, strconv.Itoa(c.Port+n))
		}
	}
	if len(probes) == 0 {
		return
	}
	at := providers.Place{Target: j.Target, Host: j.Toolkit.Host}
	out, err := s.run(ctx, at, shell.Script{Name: "try the ports of the other side", Text: reachScript, Plain: true}.SetList("PROBES", probes))
	if err != nil {
		r.note("", "whether %s can be reached from %s was not tried: %v", other.Target, at, err)
		return
	}
	r.reached(out, at, other, j.Adopt != "" && other.Adopt != "", machines)
}

// reached says what the tries have shown. Where the applications run, one machine has to answer at each port; where they do
// not, a refusal shows that the way is open.
func (r *report) reached(out string, at providers.Place, other providers.JobInfo, runs bool, machines []string) {
	got := map[string]map[string]int{} // by port, by answer
	var silent, unknown []string
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) == 1 && f[0] == "cannot" {
			r.note("", "whether %s can be reached from %s was not tried: there is no bash, or no timeout", other.Target, at)
			return
		}
		if len(f) != 3 || !slices.Contains(machines, f[1]) {
			continue
		}
		if got[f[2]] == nil {
			got[f[2]] = map[string]int{}
		}
		got[f[2]][f[0]]++
		switch f[0] {
		case "silent":
			silent = append(silent, f[1]+":"+f[2])
		case "unknown":
			if !slices.Contains(unknown, f[1]) {
				unknown = append(unknown, f[1])
			}
		}
	}
	for _, m := range unknown {
		r.bad("Correct remoteDataCenterApplicationMachineNames, or the host's resolver.", "%s does not know the name %s, to which it would send", at, m)
	}
	open := 0
	for _, port := range slices.Sorted(maps.Keys(got)) {
		a := got[port]
		open += a["open"]
		if runs && a["open"] == 0 {
			r.bad("Let the port through in both directions, and look whether the application runs there.", "nothing answers at port %s of any machine of %s, as seen from %s", port, other.Target, at)
		}
	}
	if len(silent) > 0 {
		r.bad("Let these ports through.", "connections from %s to %s run into nothing", at, strings.Join(silent[:min(len(silent), 8)], ", "))
	}
	if open > 0 && len(silent)+len(unknown) == 0 {
		r.note("", "the ports of %s can be reached from %s", other.Target, at)
	}
}

// covers says which hosts of the other side, as the plan has them, a list of machines leaves out. Names that are not in the
// plan are not looked up: the host may resolve them otherwise.
func (r *report) covers(other providers.Target, machines []string) {
	if slices.ContainsFunc(machines, func(m string) bool {
		_, err := netip.ParseAddr(m)
		return err != nil && !slices.ContainsFunc(other.Hosts, func(h providers.Host) bool { return same(h, m) })
	}) {
		return
	}
	var missing []string
	for _, h := range other.Hosts {
		if !slices.ContainsFunc(machines, func(m string) bool { return same(h, m) }) {
			missing = append(missing, fmt.Sprintf("%s (%s)", h.Name, h.Address))
		}
	}
	if len(missing) > 0 {
		r.note("Name every machine on which the application's PEs may run.", "remoteDataCenterApplicationMachineNames leaves out these hosts of %s: %s", other.Name, strings.Join(missing, ", "))
	}
}

// same reports whether a machine is a host of the plan: by name, by the first part of a full name, or by address.
func same(h providers.Host, machine string) bool {
	short, _, _ := strings.Cut(machine, ".")
	a, err := netip.ParseAddr(machine)
	b, bad := netip.ParseAddr(h.Address)
	if err == nil && bad == nil {
		return a.Unmap() == b.Unmap()
	}
	return machine == h.Address || machine == h.Name || err != nil && short == h.Name
}
