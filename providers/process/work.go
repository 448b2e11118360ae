package process

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/xdc-project/xdc/providers/host"
	"github.com/xdc-project/xdc/providers/shell"
)

// work is the fault at one machine, for processes that are known. next chooses whoever takes their place.
func (k kind) work(a *arguments, c, next choice, list []found) (host.Work, error) {
	if k.hang {
		return k.hangWork(a, c, list)
	}
	list = a.picked(list)
	how, what := c.how, c.what
	if how == "pid" || !a.comesBack() {
		how, what = "", "" // the platform may start a PE again elsewhere; who stays dead is not missed
	}
	unit, every, loop := "", "", ""
	if a.Unit != "" && a.comesBack() {
		unit = a.Unit
	}
	if a.Every > 0 {
		every = strconv.FormatFloat(a.Every.D().Seconds(), 'f', -1, 64)
		pick := ""
		if a.Pick > 0 {
			pick = strconv.Itoa(a.Pick)
		}
		var err error
		s := shell.Script{Text: host.Prelude + killLoop}.Set("HOW", next.how).Set("WHAT", next.what).Set("EVERY", every).Set("SIGNAL", a.Signal).
			Set("MOST", strconv.Itoa(a.most())).Set("PICK", pick)
		if loop, err = s.Program(); err != nil {
			return host.Work{}, err
		}
	}
	set := func(text string) shell.Script {
		return shell.Script{Text: text}.Set("TARGETS", ids(list)).Set("SIGNAL", a.Signal).Set("EVERY", every).Set("UNIT", unit)
	}
	return host.Work{
		Place: c.place, Found: k.meaning(a, list, nil), State: shell.Script{Text: state}.Set("HOW", how).Set("WHAT", what),
		Inject: set(killOnce).Set("LOOP", loop), Verify: set(killed), Undo: set(unkill), Left: set(killLeft),
	}, nil
}

// hangWork stops what runs. What somebody has stopped before is not the fault's: it is neither stopped nor let go on.
func (k kind) hangWork(a *arguments, c choice, list []found) (host.Work, error) {
	running, stopped := awake(list)
	if len(running) == 0 {
		return host.Work{}, fmt.Errorf("%s at %s are stopped already (%s): there is nothing to hang", a.words(), c.place, strings.Join(named(stopped), "; "))
	}
	compare := shell.Script{Text: state}.Set("HOW", c.how).Set("WHAT", c.what)
	if c.how == "pid" || c.how == "pid_file" {
		// Others may take their place while they hang; it counts who of them is stopped.
		compare = shell.Script{Text: hangState}.Set("TARGETS", ids(list))
	}
	set := func(text string) shell.Script { return shell.Script{Text: text}.Set("TARGETS", ids(running)) }
	return host.Work{
		Place: c.place, Found: k.meaning(a, running, stopped), State: compare,
		Inject: set(hangUp), Verify: set(hung), Undo: set(goOn), Left: set(hangLeft),
	}, nil
}
