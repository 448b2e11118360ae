package hosts

import (
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers/clock"
)

// look is the script: the first line of /proc/stat, two of /proc/meminfo, the clock.
const look = `
{ read -r line </proc/stat && printf '%s\n' "$line"; } 2>/dev/null
{ while read -r k v u; do
	case $k in MemTotal: | MemAvailable:) printf '%s %s\n' "$k" "$v" ;; esac
done </proc/meminfo; } 2>/dev/null
printf 'clock '; date -u +%s.%N
return 0
`

// times are the clock ticks that processors have spent since boot.
type times struct{ busy, all uint64 }

// since is the share of time that was busy since an earlier look; ok is false without any time between.
func (t times) since(was times) (share float64, ok bool) {
	if t.all <= was.all || t.busy < was.busy {
		return 0, false // a reboot, or no tick yet
	}
	return min(float64(t.busy-was.busy)/float64(t.all-was.all), 1), true
}

// state is what a host said; nil what it did not.
type state struct {
	cpu    *times
	memory *float64
	clock  *time.Time
	grain  time.Duration
}

// parse reads what the script prints. Lines that it does not know are passed over.
func parse(text string) state {
	var s state
	var total, free uint64
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		switch f[0] {
		case "cpu":
			s.cpu = parseTimes(f[1:])
		case "MemTotal:":
			total, _ = strconv.ParseUint(f[1], 10, 63) // 0 is none
		case "MemAvailable:":
			if n, err := strconv.ParseUint(f[1], 10, 63); err == nil && total > 0 && n <= total {
				free = n
				used := 1 - float64(free)/float64(total)
				s.memory = &used
			}
		case "clock":
			if at, grain, err := clock.Parse(f[1]); err == nil {
				s.clock, s.grain = &at, grain
			}
		}
	}
	return s
}

// parseTimes reads user, nice, system, idle, iowait, irq, softirq and steal (proc_stat(5)). What guests use is in user
// already.
func parseTimes(f []string) *times {
	var t times
	for i, s := range f[:min(len(f), 8)] {
		n, err := strconv.ParseUint(s, 10, 56)
		if err != nil {
			return nil
		}
		t.all += n
		if i != 3 && i != 4 {
			t.busy += n
		}
	}
	if len(f) < 4 {
		return nil
	}
	return &t
}
