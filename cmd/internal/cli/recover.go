package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/cmd/internal/view"
)

// Recover undoes what dead runs left behind.
type Recover struct {
	Name    string   `arg:"" optional:"" name:"run" help:"The run; every dead run that owes something if not given."`
	Var     []string `name:"var" placeholder:"NAME=VALUE" sep:"none" help:"Value of a sensitive variable; may be repeated."`
	VarFile []string `name:"var-file" placeholder:"FILE" sep:"none" help:"File with values of variables; may be repeated."`
	On      string   `name:"on" placeholder:"DIR" help:"Folder of the stand-in, if it has moved since; with --host, the lab that the hosts are of."`
	OnHosts
	RunDir
}

// Help has examples.
func (Recover) Help() string {
	return "Needs only the run's folder, and the secrets again. Safe to repeat. Ends with 4 if something is still not undone. With --host it needs no run's folder either: it runs " +
		"every undo that is installed on those hosts.\n\nExamples:\n\n    xdc recover\n    xdc recover 20261123T021500Z-k3xq7p2a\n    xdc recover --host xdc@10.0.1.10 --become sudo\n    xdc recover --on /tmp/lab --host dc1.edge\n"
}

// Run heals.
func (r *Recover) Run(c *Context) error {
	if len(r.Hosts) > 0 {
		if r.Name != "" {
			return errors.New("name a run or hosts, not both")
		}
		return r.healHosts(c, r.On)
	}
	folders, err := r.folders()
	if err != nil {
		return err
	}
	code := OK
	owed := false
	for _, f := range folders {
		st := f.Status()
		if st.State == "running" {
			if r.Name != "" {
				return fmt.Errorf("the run %s is still alive: interrupt it, and it heals", f.ID)
			}
			continue
		}
		if len(st.Owed) == 0 {
			continue
		}
		owed = true
		q := session.RecoverRequest{Folder: f, Registry: c.Registry, Secret: r.secret(c), StandIn: r.On, Log: c.Log}
		if h := c.Hooks; h != nil {
			q.Journalled, q.Commands, q.Requests = h.Journal, h.Command, h.Request
		}
		out, err := session.Recover(c.Context, q)
		if err != nil {
			fmt.Fprintf(c.Side, "%s: %s\n", f.ID, view.Clean(err.Error()))
			code = First(code, Owed)
		}
		for _, x := range out {
			if x.Err != nil {
				code = First(code, Owed)
				fmt.Fprintf(c.Out, "%s  %s %s: NOT undone: %s\n", f.ID, x.Kind, view.Clean(x.Step), view.Clean(x.Err.Error()))
				continue
			}
			fmt.Fprintf(c.Out, "%s  %s %s: undone and verified\n", f.ID, x.Kind, view.Clean(x.Step))
		}
		r.logs(c, q)
	}
	if !owed {
		fmt.Fprintln(c.Out, "Nothing is owed.")
	}
	return Silently(code)
}

// logs prints what the hosts of a run have to say of heals that happened there without xdc. What cannot be asked was
// said by the recovery itself.
func (r *Recover) logs(c *Context, q session.RecoverRequest) {
	q.Commands = nil // only looks
	found, err := session.LookAtRun(c.Context, q)
	if err != nil {
		return
	}
	for _, h := range found {
		for _, line := range h.Look.Of(q.Folder.ID) {
			fmt.Fprintf(c.Out, "%s  %s: log: %s\n", q.Folder.ID, view.Clean(h.Host), view.Clean(line))
		}
	}
}

func (r *Recover) folders() ([]session.Folder, error) {
	if r.Name != "" {
		f, err := session.Find(r.RunDir.RunDir, r.Name)
		return []session.Folder{f}, err
	}
	return session.List(r.RunDir.RunDir)
}

// secret finds the value of a sensitive variable as apply does: flags, files, environment, a prompt.
func (r *Recover) secret(c *Context) func(string) (string, error) {
	return func(slot string) (string, error) {
		name, ok := strings.CutPrefix(slot, "var.")
		if !ok {
			return "", fmt.Errorf("the secret %s belongs to the run that is gone", slot)
		}
		for _, v := range slices.Backward(r.Var) {
			if n, v, ok := strings.Cut(v, "="); ok && n == name {
				c.Redactor.Add(v)
				return v, nil
			}
		}
		if v, ok, err := fromFiles(r.VarFile, name); err != nil || ok {
			c.Redactor.Add(v)
			return v, err
		}
		if v, ok := c.Env("XDC_VAR_" + name); ok {
			c.Redactor.Add(v)
			return v, nil
		}
		if c.Interactive() {
			if v, ok := c.askSecret(name); ok {
				return v, nil
			}
		}
		return "", errors.New((&session.MissingSecretError{Slot: slot}).Error())
	}
}
