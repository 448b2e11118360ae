package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/cmd/internal/view"
)

// Status shows runs and what they owe.
type Status struct {
	Name string `arg:"" optional:"" name:"run" help:"One run; all if not given."`
	All  bool   `name:"all" short:"a" help:"Also runs that ended and owe nothing."`
	Live bool   `name:"live" help:"Also ask the run's hosts what is in force there, and what their logs of heals say. Needs a run."`
	On   string `name:"on" placeholder:"DIR" help:"With --host: the lab that the hosts are of."`
	OnHosts
	RunDir
}

// Help has examples.
func (Status) Help() string {
	return "Runs that are alive, dead runs, and everything that is not known to be undone, with since when and how long it will still be in force. With --live or --host the " +
		"hosts themselves are asked.\n\nExamples:\n\n    xdc status\n    xdc status --all --json\n    xdc status last --live\n    xdc status --host xdc@10.0.1.10 --become sudo\n"
}

// Run shows it.
func (s *Status) Run(c *Context) error {
	if len(s.Hosts) > 0 {
		return s.lookAtHosts(c, s.On)
	}
	if s.Live && s.Name == "" {
		return errors.New("--live needs a run: xdc status last --live")
	}
	var folders []session.Folder
	var err error
	if s.Name != "" {
		var f session.Folder
		f, err = session.Find(s.RunDir.RunDir, s.Name)
		folders = []session.Folder{f}
	} else {
		folders, err = session.List(s.RunDir.RunDir)
	}
	if err != nil {
		return err
	}
	list := []session.Status{}
	for _, f := range folders {
		st := f.Status()
		if s.All || s.Name != "" || st.State == "running" || len(st.Owed) > 0 || st.Error != "" {
			list = append(list, st)
		}
	}
	if c.JSON {
		return c.encode(list)
	}
	if len(list) == 0 {
		fmt.Fprintln(c.Out, "No run is alive, and nothing is owed.")
		return nil
	}
	for _, st := range list {
		s.show(c, st)
	}
	if s.Live {
		return s.live(c, folders[0])
	}
	return nil
}

// live asks the hosts of a run.
func (s *Status) live(c *Context, f session.Folder) error {
	r := Recover{}
	found, err := session.LookAtRun(c.Context, session.RecoverRequest{Folder: f, Registry: c.Registry, Secret: r.secret(c), Log: c.Log})
	if err != nil {
		return err
	}
	return showHosts(c, found)
}

func (s *Status) show(c *Context, st session.Status) {
	fmt.Fprintf(c.Out, "%s  %s of %s: %s", st.Run, view.Clean(st.Mode), view.Clean(st.Plan), st.State)
	if st.Code != nil {
		fmt.Fprintf(c.Out, ", exit code %d (%s)", *st.Code, view.Clean(st.Reason))
	}
	fmt.Fprintln(c.Out)
	if st.Error != "" {
		fmt.Fprintf(c.Out, "  journal: %s\n", view.Clean(st.Error))
	}
	for _, step := range st.Approval {
		fmt.Fprintf(c.Out, "  waits for approval: %s  (xdc approve %s %s)\n", view.Clean(step), st.Run, view.Clean(step))
	}
	for _, o := range st.Owed {
		fmt.Fprintf(c.Out, "  not undone: %s %s, %s since %s", o.Kind, view.Clean(o.Step), o.Phase, o.Since.Local().Format(time.DateTime))
		if o.Until != nil {
			fmt.Fprintf(c.Out, ", planned until %s%s", o.Until.Local().Format(time.DateTime), left(*o.Until))
		}
		fmt.Fprintln(c.Out)
	}
	if len(st.Owed) > 0 && st.State == "dead" {
		fmt.Fprintf(c.Out, "  heal it with: xdc recover %s\n", st.Run)
	}
}

// left says how much time there is until an instant.
func left(until time.Time) string {
	if d := time.Until(until); d > 0 {
		return " (" + d.Round(time.Second).String() + " left)"
	}
	return " (over)"
}
