package cli

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/cmd/internal/view"
)

// OnHosts are the flags by which commands name machines without a plan.
type OnHosts struct {
	Hosts        []string `name:"host" placeholder:"HOST" sep:"none" help:"A host, as USER@ADDRESS:PORT with user and port optional, or TARGET.HOST of a lab; may be repeated."`
	IdentityFile string   `name:"identity-file" placeholder:"FILE" help:"With --host: the private key. Else ~/.ssh/config and the agent say."`
	KnownHosts   string   `name:"known-hosts" placeholder:"FILE" help:"With --host: where its host key is known from, instead of ~/.ssh/known_hosts."`
	Become       string   `name:"become" enum:",sudo,doas" default:"" help:"With --host: how the user becomes root there: sudo or doas."`
}

func (o OnHosts) request(c *Context, lab string) session.HostRequest {
	return session.HostRequest{Hosts: o.Hosts, IdentityFile: o.IdentityFile, KnownHosts: o.KnownHosts, Become: o.Become, Lab: lab, Log: c.Log}
}

// lookAtHosts shows what of xdc is on the hosts.
func (o OnHosts) lookAtHosts(c *Context, lab string) error {
	found, err := session.LookAtHosts(c.Context, o.request(c, lab), false)
	if err != nil {
		return err
	}
	return showHosts(c, found)
}

// healHosts runs every undo that is installed on the hosts.
func (o OnHosts) healHosts(c *Context, lab string) error {
	found, err := session.LookAtHosts(c.Context, o.request(c, lab), true)
	if err != nil {
		return err
	}
	code := OK
	for _, h := range found {
		if h.Err != nil {
			code = First(code, Owed)
			fmt.Fprintf(c.Out, "%s  could not be looked at: %s\n", view.Clean(h.Host), view.Clean(h.Err.Error()))
			continue
		}
		for _, name := range h.Healed {
			fmt.Fprintf(c.Out, "%s  %s: undone\n", view.Clean(h.Host), view.Clean(name))
		}
		for _, name := range slices.Sorted(maps.Keys(h.Failed)) {
			code = First(code, Owed)
			fmt.Fprintf(c.Out, "%s  %s: NOT undone: %s\n", view.Clean(h.Host), view.Clean(name), view.Clean(h.Failed[name].Error()))
		}
		if len(h.Healed)+len(h.Failed) == 0 {
			fmt.Fprintf(c.Out, "%s  nothing of xdc is in force\n", view.Clean(h.Host))
		}
	}
	return Silently(code)
}

// showHosts prints what is on hosts. A host that cannot be asked is an error at the end.
func showHosts(c *Context, found []session.OnHost) error {
	if c.JSON {
		return c.encode(found)
	}
	var failed error
	for _, h := range found {
		if h.Err != nil {
			failed = h.Err
			fmt.Fprintf(c.Out, "%s: cannot be asked: %s\n", view.Clean(h.Host), view.Clean(h.Err.Error()))
			continue
		}
		fmt.Fprintf(c.Out, "%s: %s\n", view.Clean(h.Host), counted(len(h.Look.Remains)))
		for _, r := range h.Look.Remains {
			fmt.Fprintf(c.Out, "  %s  %s (%s) of run %s, since %s, %s\n", view.Clean(r.Name), view.Clean(r.Step), view.Clean(r.Type), view.Clean(r.Run), r.Since.Local().Format(time.DateTime), healsIn(r.Left, r.Watched))
		}
		if l := h.Look.Lock; l != nil {
			fmt.Fprintf(c.Out, "  locked by run %s of %s since %s\n", view.Clean(l.Run), view.Clean(l.Owner), l.Since.Local().Format(time.DateTime))
		}
		for _, line := range h.Look.Log {
			fmt.Fprintf(c.Out, "  log: %s\n", view.Clean(line))
		}
	}
	return failed
}

func counted(n int) string {
	switch n {
	case 0:
		return "no fault is in force"
	case 1:
		return "1 fault is in force"
	}
	return fmt.Sprintf("%d faults are in force", n)
}

func healsIn(left time.Duration, watched bool) string {
	switch {
	case !watched:
		return "and its watchdog is gone: xdc recover --host heals it"
	case left > 0:
		return "heals by itself in " + left.Round(time.Second).String() + " unless it is renewed"
	}
	return "healing by itself now"
}
