package resource

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
	"github.com/xdc-project/xdc/providers/shell"
)

// describe is the dry run.
func (k kind) describe(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	d := providers.Description{SideEffects: true}
	a, out := k.decode(raw)
	if out.HasErrors() {
		return d, out
	}
	points, err := host.Points(s.Targets, a.Hosts)
	if err != nil {
		return d, append(out, finding(diag.ProviderArgument, "hosts", "A host is not in the plan", err.Error()+".")...)
	}
	do, undo := k.words(a)
	var names []string
	for _, p := range points {
		at := p.Place.String()
		names = append(names, at)
		d.Places = append(d.Places, p.Place)
		d.Effects = append(d.Effects, providers.Line{Place: at, Text: do})
		d.Undo = append(d.Undo, providers.Line{Place: at, Text: undo + "; armed on the host to happen by itself when the lease ends"})
	}
	d.Summary = do + ", at " + strings.Join(names, ", ")
	return d, out
}

func (a *arguments) cpuWords() (do, undo string) {
	undo = "end the loops"
	if a.Cores != nil {
		return "keeps " + strconv.FormatFloat(*a.Cores, 'f', -1, 64) + " cores busy", undo
	}
	return "keeps " + share(*a.Load) + " of the processors busy", undo
}

func (a *arguments) memoryWords() (do, undo string) {
	reserve := "5% and at least 256MiB"
	if a.Reserve != nil {
		reserve = "at least " + inBytes(*a.Reserve)
	}
	do = "takes memory until " + share(a.level()) + " of it is in use"
	if a.Size != nil {
		do = "takes " + inBytes(*a.Size) + " of memory"
	}
	return do + " (" + reserve + " stay available)", "end the processes that hold the memory"
}

func (a *arguments) ioWords() (do, undo string) {
	do = fmt.Sprintf("%d writers rewrite %s on the disk of %s in blocks of %s, with fsync", a.Writers, inBytes(*a.Size), shell.Show([]string{a.Path}), inBytes(a.Block))
	if a.Rate != nil {
		do += ", at most " + inBytes(*a.Rate) + " a second"
	}
	return do + " (" + a.diskReserveWords() + ")", "end the writers; their files have no names and go with them, at a reboot too"
}

func (a *arguments) diskWords() (do, undo string) {
	at := shell.Show([]string{a.Path})
	do = "fills the file system of " + at + " until " + share(a.level()) + " of it is in use"
	if a.Size != nil {
		do = "takes " + inBytes(*a.Size) + " of the file system of " + at
	}
	return do + " (" + a.diskReserveWords() + ")", "end the process that holds the space; its file has no name and goes with it, at a reboot too"
}

func (a *arguments) unmountWords() (do, undo string) {
	at := shell.Show([]string{a.Path})
	return "covers " + at + " with an empty file system that takes nothing", "take the cover of " + at + " away"
}

func (a *arguments) diskReserveWords() string {
	switch {
	case a.Reserve == nil:
		return "1% and at least 64MiB stay free"
	case *a.Reserve == 0:
		return "nothing need stay free"
	}
	return "at least " + inBytes(*a.Reserve) + " stay free"
}

func (a *arguments) level() float64 {
	if a.Level == nil {
		return 0
	}
	return *a.Level
}
