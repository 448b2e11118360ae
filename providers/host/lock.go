package host

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/shell"
)

// LockInfo says who holds the lock of a machine.
type LockInfo struct {
	Run   string    `json:"run"`
	Owner string    `json:"owner"` // user@machine
	Since time.Time `json:"since"`
}

// LockedError says that another run has the machine.
type LockedError struct {
	Place providers.Place
	By    LockInfo
	Left  time.Duration // until it may be taken over, unless it is renewed
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s is locked by run %s of %s since %s: wait until it has ended; if it is dead, its lock ends by itself in %s at the latest, or at once with `xdc recover %s` where it ran",
		e.Place, e.By.Run, e.By.Owner, e.By.Since.Local().Format(time.DateTime), e.Left.Round(time.Second), e.By.Run)
}

const exitLocked = 78 // somebody else holds the machine

// The lock is the file lock in the folder of everything installed: the end of its lease in hundredths of a second of
// uptime, the boot that this uptime belongs to, the run, and what to tell others. Whoever comes second sees it, because
// both look under the kernel's lock of that folder.
const lockRead = `
l_until=0 l_boot= l_run= l_info=
if [ -f "$XDC_BASE/lock" ]; then
	{ read -r l_until; read -r l_boot; read -r l_run; read -r l_info; } <"$XDC_BASE/lock"
fi 2>/dev/null
case $l_until in '' | *[!0-9]*) l_until=0 ;; esac
boot=unknown
{ read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null
xdc_now || return 1
[ "$l_boot" = "$boot" ] || l_until=0
`

const lockTake = `
xdc_lock 20 || { xdc_say "another command of xdc holds the lock of this machine"; return 75; }
set -- $(ls -ldn -- "$XDC_BASE")
if [ -L "$XDC_BASE" ] || [ "$3" != "$(id -u)" ]; then
	xdc_unlock; xdc_say "$XDC_BASE belongs to somebody else"; return 1
fi
` + lockRead + `
if [ "$l_until" -gt "$xdc_n" ] && [ "$l_run" != "$RUN" ]; then
	xdc_unlock
	printf '%s\n%s\n' "$((l_until - xdc_n))" "$l_info"
	return 78
fi
if [ -n "$RENEW" ] && [ "$l_run" != "$RUN" ]; then
	xdc_unlock; xdc_say "the lock is gone"; return 76
fi
[ -z "$l_run" ] || [ "$l_run" = "$RUN" ] || xdc_log "the lock of run $l_run had ended; taken over by $RUN"
( umask 077; printf '%s\n%s\n%s\n%s\n' "$((xdc_n + TTL))" "$boot" "$RUN" "$INFO" >"$XDC_BASE/lock.new" ) && mv -f -- "$XDC_BASE/lock.new" "$XDC_BASE/lock"
l_s=$?
xdc_unlock
return "$l_s"
`

const lockRelease = `
[ -d "$XDC_BASE" ] || return 0
xdc_lock 20
` + lockRead + `
[ "$l_run" != "$RUN" ] || rm -f -- "$XDC_BASE/lock" "$XDC_BASE/lock.new"
l_s=$?
xdc_unlock
return "$l_s"
`

// lockScript makes one of the scripts above; base is where the machine's folder is.
func lockScript(what, text, base string, info LockInfo) shell.Script {
	s := shell.Script{Name: what, Text: Prelude + text}
	return s.Set("XDC_NAME", "xdc_lock").Set("XDC_BASE", base).Set("XDC_HOME", base+"/none").Set("RUN", info.Run)
}

// Lock takes the lock of a machine for a run, or renews it: the run's own lock is always taken again. With renew it must
// still be there. Where another run holds it, the error is a *LockedError. A lock that is not renewed ends after ttl,
// measured by the machine's uptime, and the next one takes it over.
func Lock(ctx context.Context, m providers.Machine, place providers.Place, info LockInfo, ttl time.Duration, renew bool) error {
	f, err := m.Facts(ctx)
	if err != nil {
		return err
	}
	if err := fit(place, f); err != nil {
		return err
	}
	b, err := json.Marshal(info)
	if err != nil {
		return err
	}
	s := lockScript("lock", lockTake, f.Dir, info).Set("INFO", string(b)).Set("TTL", hundredths(ttl))
	if renew {
		s = s.Set("RENEW", "1")
	} else {
		s = s.Set("RENEW", "")
	}
	out, err := m.Run(ctx, s)
	switch {
	case err != nil:
		return fmt.Errorf("lock %s: %w", place, err)
	case out.Exit == exitLocked:
		left, by, _ := strings.Cut(out.Stdout, "\n")
		e := &LockedError{Place: place}
		_ = json.Unmarshal([]byte(by), &e.By) // what cannot be read is left empty
		if n, err := time.ParseDuration(strings.TrimSpace(left) + "0ms"); err == nil {
			e.Left = n
		}
		return e
	case out.Exit != 0:
		return fmt.Errorf("lock %s: %s", place, said(out))
	}
	return nil
}

// Unlock releases the lock that a run has on a machine. It is not an error when it has none.
func Unlock(ctx context.Context, m providers.Machine, place providers.Place, run string) error {
	f, err := m.Facts(ctx)
	if err != nil {
		return err
	}
	out, err := m.Run(ctx, lockScript("unlock", lockRelease, f.Dir, LockInfo{Run: run}))
	if err == nil && out.Exit != 0 {
		err = fmt.Errorf("%s", said(out))
	}
	if err != nil {
		return fmt.Errorf("release the lock of %s: %w", place, err)
	}
	return nil
}
