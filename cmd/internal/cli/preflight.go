package cli

import (
	"errors"

	"github.com/xdc-project/xdc/engine/plan"
)

// preflight is what `xdc plan --check` adds: read-only looks at the targets.
func preflight(_ *Context, _ PlanArgs, _ *plan.Plan) error {
	return errors.New("plan --check is not part of this build")
}
