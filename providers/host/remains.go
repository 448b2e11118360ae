package host

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/shell"
)

// Remain is a fault whose undo is installed on a machine.
type Remain struct {
	Installed
	// Left is how long it is until the machine heals by itself; zero: it is doing so, or should have.
	Left time.Duration `json:"left"`
	// Watched says that the watchdog lives. Without it nothing heals by itself: it was killed, or an undo of /tmp has
	// outlived a reboot, which has undone the fault.
	Watched bool `json:"watched"`
}

// Look is what a machine's folder and log say.
type Look struct {
	Dir     string    `json:"dir"`
	Remains []Remain  `json:"remains,omitempty"`
	Lock    *LockInfo `json:"lock,omitempty"`
	// Log is the end of the machine's log of heals, the newest line last.
	Log []string `json:"log,omitempty"`
}

// Of are the lines of the log that are about faults of one run.
func (l Look) Of(run string) []string {
	prefix, _, _ := strings.Cut(strings.TrimPrefix(providers.UniqueName(run, ""), "xdc_"), "_")
	var out []string
	for _, line := range l.Log {
		if _, rest, ok := strings.Cut(line, " "); ok && strings.HasPrefix(rest, "xdc_"+prefix+"_") {
			out = append(out, line)
		}
	}
	return out
}

const look = lockRead + `
[ "$l_until" -le "$xdc_n" ] || printf 'lock %s\n' "$l_info"
for d in "$XDC_BASE"/xdc_*; do
	[ -d "$d" ] || continue
	XDC_NAME=${d##*/} XDC_HOME=$d
	u=0
	{ read -r u <"$d/until"; } 2>/dev/null
	case $u in '' | *[!0-9]*) u=0 ;; esac
	w=no
	xdc_watching && w=yes
	i=
	{ read -r i <"$d/info"; } 2>/dev/null
	printf 'fault %s %s %s %s\n' "$XDC_NAME" "$((u - xdc_n))" "$w" "$i"
done
[ ! -f "$XDC_BASE.log" ] || tail -n 50 "$XDC_BASE.log" | sed 's/^/log /'
return 0
`

// LookAt says what of xdc is on a machine. It only looks.
func LookAt(ctx context.Context, m providers.Machine) (Look, error) {
	f, err := m.Facts(ctx)
	if err != nil {
		return Look{}, err
	}
	out, err := m.Run(ctx, lockScript("look", look, f.Dir, LockInfo{}))
	if err == nil && out.Exit != 0 {
		err = fmt.Errorf("%s", said(out))
	}
	if err != nil {
		return Look{}, fmt.Errorf("look what of xdc is on the machine: %w", err)
	}
	return parseLook(f.Dir, out.Stdout), nil
}

// parseLook reads what the script prints. What it does not understand it leaves out.
func parseLook(dir, text string) Look {
	l := Look{Dir: dir}
	in := bufio.NewScanner(strings.NewReader(text))
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		kind, rest, _ := strings.Cut(in.Text(), " ")
		switch kind {
		case "lock":
			var by LockInfo
			if json.Unmarshal([]byte(rest), &by) == nil {
				l.Lock = &by
			}
		case "fault":
			p := strings.SplitN(rest, " ", 4)
			if len(p) < 3 {
				continue
			}
			var r Remain
			if len(p) == 4 {
				_ = json.Unmarshal([]byte(p[3]), &r.Installed) // its name is enough to heal it
			}
			r.Name, r.Watched = p[0], p[2] == "yes"
			if n, err := strconv.ParseInt(p[1], 10, 64); err == nil {
				r.Left = max(time.Duration(n)*10*time.Millisecond, 0)
			}
			l.Remains = append(l.Remains, r)
		case "log":
			l.Log = append(l.Log, rest)
		}
	}
	return l
}

// restore runs the installed undo as the watchdog would, and takes away what was installed.
const restore = `
[ -d "$XDC_HOME" ] || return 0
: >"$XDC_HOME/closed"
xdc_lock 20
if [ ! -d "$XDC_HOME" ]; then
	xdc_unlock
	return 0
fi
if [ ! -s "$XDC_HOME/undo" ]; then
	xdc_unlock
	xdc_say "$XDC_HOME/undo is gone: nobody knows any more what to undo"
	return 1
fi
/bin/sh "$XDC_HOME/undo" 9<&-
r_s=$?
if [ "$r_s" -eq 0 ]; then
	if xdc_watching; then
		kill -KILL "-$xdc_pid" 2>/dev/null || kill -KILL "$xdc_pid" 2>/dev/null
	fi
	xdc_log "healed: by xdc recover --host"
	rm -rf -- "$XDC_HOME"
	r_s=$?
fi
xdc_unlock
return "$r_s"
`

// Restore heals one fault of a machine from what is installed there alone: no journal and no plan are needed.
func Restore(ctx context.Context, m providers.Machine, dir, name string) error {
	if strings.ContainsAny(name, "/\x00") || !strings.HasPrefix(name, "xdc_") {
		return fmt.Errorf("%q is not the name of a fault", name)
	}
	s := shell.Script{Name: "restore", Text: Prelude + restore}
	out, err := m.Run(ctx, s.Set("XDC_NAME", name).Set("XDC_BASE", dir).Set("XDC_HOME", dir+"/"+name))
	if err == nil && out.Exit != 0 {
		err = fmt.Errorf("%s", said(out))
	}
	if err != nil {
		return fmt.Errorf("run the installed undo of %s: %w", name, err)
	}
	return nil
}
