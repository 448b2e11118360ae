// Package tutorial has the fault that docs/tutorial-fault.md writes: a file of a host is empty for a while. It is not
// part of the shipped program.
package tutorial

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
	"github.com/xdc-project/xdc/providers/shell"
)

const doc = "Makes a file look empty to every program of the host, by mounting an empty one over it. The file itself is never touched."

// Provider describes everything this package does.
func Provider() *providers.Provider {
	return &providers.Provider{Name: "tutorial", Doc: "Empties files on hosts for a while.", Faults: []providers.FaultType{{
		Name: "file_empty", Doc: doc,
		Schema: &schema.Block{Name: "file_empty", Description: doc, Attributes: []schema.Attribute{host.HostsAttr(true), {
			Name: "path", Type: cty.String, Required: true, Public: true,
			Description: "The file, as an absolute path on the host. What the host itself runs from, such as /usr, is refused.", Example: `"/etc/orders.conf"`,
		}}},
		Example: `hosts    = [target.dc1.host.edge]
path     = "/etc/orders.conf"
duration = "30s"`,
		Describe: describe,
		New:      host.Fault{Provider: "tutorial", Type: "file_empty", Works: works}.New,
	}}}
}

// arguments are what the fault receives.
type arguments struct {
	Hosts []string `json:"hosts"`
	Path  string   `json:"path"`
}

// decode reads the arguments and says what is wrong with them as far as they alone tell.
func decode(raw json.RawMessage) (a arguments, found diag.List) {
	if err := json.Unmarshal(raw, &a); err != nil {
		return a, found.Append(fmt.Errorf("read the arguments of file_empty: %w", err))
	}
	if !path.IsAbs(a.Path) || strings.ContainsRune(a.Path, 0) {
		found = found.Append(diag.Diagnostic{
			Severity: diag.Error, Code: diag.ProviderArgument, Path: cty.GetAttrPath("path"),
			Summary: "A file needs its whole path", Detail: `Write an absolute path, such as "/etc/orders.conf".`,
		})
	}
	return a, found
}

// describe is the dry run: it knows the plan and nothing else.
func describe(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	d := providers.Description{SideEffects: true}
	a, found := decode(raw)
	if found.HasErrors() {
		return d, found
	}
	points, err := host.Points(s.Targets, a.Hosts)
	if err != nil {
		return d, found.Append(err)
	}
	file := shell.Show([]string{a.Path})
	d.Summary = "empties " + file + " at " + strings.Join(a.Hosts, ", ")
	for _, p := range points {
		at := p.Place.String()
		d.Places = append(d.Places, p.Place)
		d.Effects = append(d.Effects, providers.Line{Place: at, Text: "mount an empty file over " + file + ", read-only"})
		d.Undo = append(d.Undo, providers.Line{Place: at, Text: "unmount it; armed on the host to happen by itself when the lease ends"})
	}
	return d, found
}

// works lays the fault out: every host is asked which file is meant, and refused here if it cannot be done there.
func works(ctx context.Context, env providers.Env, _ providers.StepID, raw json.RawMessage) ([]host.Work, error) {
	a, found := decode(raw)
	if err := found.Err(); err != nil {
		return nil, err
	}
	points, err := host.Points(env.Targets, a.Hosts)
	if err != nil {
		return nil, err
	}
	if env.Machine == nil {
		return nil, fmt.Errorf("file_empty: there is no machine to act on here: %w", providers.ErrUnsupported)
	}
	var out []host.Work
	for _, p := range points {
		m, err := env.Machine(p.Place)
		if err != nil {
			return nil, fmt.Errorf("reach %s: %w", p.Place, err)
		}
		s := shell.Script{Name: "look for the file", Text: tools + look}
		got, err := m.Run(ctx, s.Set("FILE", a.Path))
		if err != nil {
			return nil, fmt.Errorf("look for %s at %s: %w", a.Path, p.Place, err)
		}
		if got.Exit != 0 {
			return nil, fmt.Errorf("file_empty at %s: %s", p.Place, strings.TrimSpace(got.Stderr))
		}
		script := func(text string) shell.Script {
			return shell.Script{Text: tools + text}.Set("FILE", strings.TrimSpace(got.Stdout))
		}
		out = append(out, host.Work{
			Place: p.Place, State: script(state), Inject: script(inject), Verify: script(verify), Undo: script(undo), Left: script(left),
		})
	}
	return out, nil
}

// tools are functions for all the scripts. Mounts are made and looked for where the host's programs see them: at process
// 1, not in what a login may have of its own. What is ours bears the fault's unique name.
const tools = `
f_host() { nsenter -t 1 -m -- "$@"; }
f_ours() { awk -v ours="/$XDC_NAME/empty/" 'index($4 "/", ours) { print $5 }' /proc/1/mountinfo; }
f_top() { awk -v file="$1" -v ours="/$XDC_NAME/empty/" '$5 == file { top = $4 "/" } END { exit !index(top, ours) }' /proc/1/mountinfo; }
`

// look prints the file that is meant, without symbolic links, or refuses.
const look = `
[ "$(id -u)" = 0 ] || { echo 'mounting needs root: set become for the host' >&2; return 1; }
for f_t in nsenter awk readlink mount umount cksum; do
	command -v "$f_t" >/dev/null || { echo "there is no $f_t" >&2; return 1; }
done
f_file=$(f_host readlink -f "$FILE") && f_host test -f "$f_file" || { echo "there is no file $FILE" >&2; return 1; }
case $f_file in
*[!A-Za-z0-9/._@+-]*) echo "$f_file: only letters, digits and . _ @ + - may be in the path" >&2; return 1 ;;
/bin/* | /sbin/* | /lib/* | /lib32/* | /lib64/* | /usr/* | /dev/* | /proc/* | /sys/* | /run/xdc/*)
	echo "$f_file may be needed to undo the fault" >&2; return 1 ;;
esac
printf '%s\n' "$f_file"
`

// state is compared before and after: what the file says, and what others have mounted over it.
const state = `
f_host cksum "$FILE" 2>&1
awk -v file="$FILE" -v ours="/$XDC_NAME/empty/" '$5 == file && !index($4 "/", ours) { print $4 }' /proc/1/mountinfo
`

const inject = `
f_top "$FILE" && return 0
: >"$XDC_HOME/empty" && chmod 444 "$XDC_HOME/empty" && f_host mount --bind "$XDC_HOME/empty" "$FILE" && f_host mount -o remount,ro,bind "$FILE"
`

const verify = `
f_top "$FILE" || { echo "nothing is mounted over $FILE"; return 1; }
f_host test ! -s "$FILE" || { echo "$FILE is not empty"; return 1; }
echo "$FILE is empty"
`

// undo asks the kernel what is there, and nobody's memory. What somebody else has put on top is not ours to take away.
const undo = `
f_all=$(f_ours) || return 1
for f_m in $f_all; do
	f_top "$f_m" || { echo "something else is mounted over $f_m, on top of the fault" >&2; return 1; }
	f_host umount "$f_m" || f_host umount -l "$f_m" || return 1
done
`

// left says what of it is left. Where that cannot be found out, it does not say that nothing is.
const left = `
f_all=$(f_ours) || return 2
[ -z "$f_all" ] || { echo "an empty file over $f_all"; return 1; }
`
