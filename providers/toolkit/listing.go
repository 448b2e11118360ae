package toolkit

import (
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers/clock"
)

// snapshotSuffix ends the names of the toolkit's files (toolkit 1.0.1).
const snapshotSuffix = ".snapshot"

// mostFiles bounds a listing.
const mostFiles = 1000

// listScript prints the host's clock, and of each file when it was written, in whole seconds of that clock, its size and
// its name.
const listScript = `
cd "$DIR" 2>/dev/null || { echo missing; return 0; }
printf 'now '; date -u +%s.%N
set -- *.snapshot
[ -e "$1" ] || [ $# -gt 1 ] || return 0
l_n=$#
while [ $# -gt "$MOST" ]; do shift $(($# - MOST)); done
[ "$l_n" -le "$MOST" ] || echo more
stat -c 'file %Y %s %F/%n' -- "$@" 2>/dev/null | head -c 1048576
return 0
`

// parseListing reads what the script prints. What it does not know it passes over: a name may hold anything.
func parseListing(text string) listing {
	var l listing
	var now time.Time
	var grain time.Duration
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "missing":
			l.missing = true
		case "more":
			l.more = true
		case "now":
			if at, g, err := clock.Parse(rest); err == nil && now.IsZero() {
				now, grain = at, g
			}
		case "file":
			if f, ok := parseFile(rest, now, grain); ok && len(l.files) < mostFiles {
				l.files = append(l.files, f)
			}
		}
	}
	return l
}

// parseFile reads "MTIME SIZE TYPE/NAME". Only plain files with names that can be in a signal's path count.
func parseFile(text string, now time.Time, grain time.Duration) (aged, bool) {
	f := strings.SplitN(text, " ", 3)
	if len(f) < 3 || now.IsZero() {
		return aged{}, false
	}
	written, err := strconv.ParseInt(f[0], 10, 42)
	size, bad := strconv.ParseInt(f[1], 10, 63)
	kind, name, ok := strings.Cut(f[2], "/")
	if err != nil || bad != nil || size < 0 || written < 0 || !ok || !strings.HasPrefix(kind, "regular") || !nameable(name) {
		return aged{}, false
	}
	since := now.Sub(time.Unix(written, 0))
	return aged{name, size, max(since-time.Second, 0), max(since+grain, 0)}, true
}

// nameable reports whether a file's name can be in the path of a signal, as the names that the toolkit makes can.
func nameable(name string) bool {
	return strings.HasSuffix(name, snapshotSuffix) && len(name) <= 255 &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '"' || r == '\\' || r == '\uFFFD' })
}
