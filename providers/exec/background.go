package execaction

import (
	"context"
	"encoding/json"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
	"github.com/xdc-project/xdc/providers/shell"
)

// A background command is a fault without harm: begun under a lease, seen to be there, undone at the end.
const (
	begin = `
if [ -n "$DIR" ]; then cd -- "$DIR" || return 1; fi
eval "set -- $ENV"
for e in "$@"; do export "$e"; done
eval "set -- $COMMAND"
xdc_reap
xdc_spawn "$@"
xdc_nap 0.1
[ -n "$(xdc_tagged)" ] || { xdc_say "it ended at once: $*"; return 1; }
`
	isReady = `
[ -n "$(xdc_tagged)" ] || { xdc_say "it has ended: $COMMAND"; return 3; }
eval "set -- $READY"
if [ "$#" -eq 0 ]; then echo "it runs"; return 0; fi
if "$@" >/dev/null 2>&1 9<&-; then echo "it runs and is ready"; return 0; fi
echo "it runs and is not ready"
return 1
`
	end = `
[ -n "$(xdc_tagged)" ] || return 0
eval "set -- $STOP"
if [ "$#" -gt 0 ]; then
	"$@" >/dev/null 2>&1 9<&- || xdc_say "the stop command ended with status $?"
	xdc_w=0
	while [ "$xdc_w" -lt 100 ] && [ -n "$(xdc_tagged)" ]; do xdc_nap 0.1; xdc_w=$((xdc_w + 1)); done
fi
xdc_reap
`
	isLeft = `
l=$(xdc_tagged)
[ -z "$l" ] || { echo "process $(echo $l)"; return 1; }
`
)

// background lays a background command out at its one place.
func background(_ context.Context, env providers.Env, _ providers.StepID, raw json.RawMessage) ([]host.Work, error) {
	a, err := decode(raw)
	if err != nil {
		return nil, err
	}
	variables, err := a.environment(env)
	if err != nil {
		return nil, err
	}
	set := func(text string) shell.Script {
		return shell.Script{Text: text, Plain: a.Plain}.Set("DIR", a.Directory).SetList("ENV", variables).SetList("COMMAND", a.Command).SetList("READY", a.Ready).SetList("STOP", a.Stop)
	}
	return []host.Work{{
		Place: a.place(), State: shell.Script{Text: ":"}, Inject: set(begin), Verify: set(isReady), Undo: set(end), Left: set(isLeft),
	}}, nil
}
