package toolkit

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
)

// MessageAction is the name of the action that sends a special message.
const MessageAction = "toolkit_message"

// sendLimit is how long sending a message may take.
const sendLimit = 10 * time.Second

// The special messages that the toolkit knows; it ignores others.
var specialMessages = []string{"OrderlyShutdown", "SendMeDataFromSnapshotFiles"}

// MessageArgs are the arguments of the action.
type MessageArgs struct {
	Target  string `json:"target"`
	Job     string `json:"job"` // signal path
	Message string `json:"message"`
	Address string `json:"address"`
}

func messageAction() providers.ActionType {
	return providers.ActionType{
		Name: MessageAction,
		Doc: "Sends one of the toolkit's special messages through the application's own channel: a line of text on a TCP port that the application opens for it, as the toolkit's sample does (`SpecialMessagePort`). " +
			"`OrderlyShutdown` has this side tell the other that it stops on purpose, and fall silent until its job is started again: the other side still believes it down when its window is over, with nothing to take over. " +
			"`SendMeDataFromSnapshotFiles` has everything that is stored of the other side handed to the application, and deleted. Nothing undoes either; nobody answers.",
		Schema: &schema.Block{
			Name: MessageAction, Description: "One special message.",
			Attributes: []schema.Attribute{
				{Name: "job", Type: cty.String, Form: schema.JobRef, Required: true, Public: true, Example: `job.orders["dc1"]`, Description: "The job whose toolkit is meant."},
				{Name: "target", Type: cty.String, Form: schema.TargetRef, Public: true, Example: "target.dc1", Description: "The target, where the job has instances on several."},
				{Name: "message", Type: cty.String, Required: true, Enum: specialMessages, Public: true, Example: `"OrderlyShutdown"`, Description: "Which message, in the toolkit's own words."},
				{Name: "address", Type: cty.String, Required: true, Public: true, Example: `"10.0.1.10:23145"`, Description: "Where the application takes such messages, HOST:PORT. The sample publishes it in the name service (`streamtool getnsentry`)."},
			},
		},
		Example: `job     = job.orders["dc1"]
message = "OrderlyShutdown"
address = "10.0.1.10:23145"`,
		Twin:     true,
		Describe: describeMessage,
		New:      func(env providers.Env) providers.Action { return &sendMessage{env} },
	}
}

func describeMessage(s providers.Scope, args json.RawMessage) (providers.Description, diag.List) {
	var a MessageArgs
	if err := json.Unmarshal(args, &a); err != nil {
		return providers.Description{}, diag.List{}.Append(fmt.Errorf("read the arguments: %w", err))
	}
	if a.Target == "" {
		a.Target = s.Target
	}
	var found diag.List
	if a.Target == "" {
		found = append(found, diag.Diagnostic{
			Severity: diag.Error, Code: diag.ProviderArgument, Summary: "Which of the job's instances is meant?", Path: cty.GetAttrPath("job"),
			Detail: "The job runs on several targets. Name one with `job.NAME[\"dc1\"]`, or add `target = target.dc1`.",
		})
	}
	if err := checkAddress(a.Address); err != nil {
		found = append(found, diag.Diagnostic{
			Severity: diag.Error, Code: diag.ProviderArgument, Summary: "The address is not one", Path: cty.GetAttrPath("address"),
			Detail: err.Error() + ". Write HOST:PORT, as in \"10.0.1.10:23145\".",
		})
	}
	return providers.Description{
		Effects:     []providers.Line{{Place: a.Target, Text: fmt.Sprintf("TCP %s: %s", a.Address, a.Message)}},
		Summary:     fmt.Sprintf("the toolkit of %s at %s is sent %s", a.Job, a.Target, a.Message),
		Places:      []providers.Place{{Target: a.Target}},
		Jobs:        []string{a.Target + "." + a.Job},
		SideEffects: true,
	}, found
}

func checkAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	switch {
	case err != nil:
		return fmt.Errorf("%q is no address: %w", address, err)
	case host == "" || port == "" || strings.ContainsAny(address, " \t\r\n"):
		return fmt.Errorf("%q names no host, or no port", address)
	}
	return nil
}

type sendMessage struct{ env providers.Env }

// Check touches nothing: there is no way to ask the application whether it would listen.
func (m *sendMessage) Check(_ context.Context, _ providers.StepID, args json.RawMessage) error {
	var a MessageArgs
	if err := json.Unmarshal(args, &a); err != nil {
		return fmt.Errorf("read the arguments: %w", err)
	}
	return checkAddress(a.Address)
}

// Do sends the line. It succeeded when the line was taken by the other end; what became of it nobody says.
func (m *sendMessage) Do(ctx context.Context, _ providers.StepID, args json.RawMessage) (providers.ActionResult, error) {
	var a MessageArgs
	if err := json.Unmarshal(args, &a); err != nil {
		return providers.ActionResult{}, fmt.Errorf("read the arguments: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	c, err := m.env.Dial(ctx, "tcp", a.Address)
	if err != nil {
		return providers.ActionResult{}, fmt.Errorf("send %s to %s at %s: %w; check that the application listens there, and that it can be reached from here", a.Message, a.Job, a.Address, err)
	}
	defer func() { _ = c.Close() }() // nothing more is said
	if d, ok := ctx.Deadline(); ok {
		_ = c.SetDeadline(d) // the context bounds the call all the same
	}
	if _, err := c.Write([]byte(a.Message + "\n")); err != nil {
		return providers.ActionResult{}, fmt.Errorf("send %s to %s at %s: %w", a.Message, a.Job, a.Address, err)
	}
	return providers.ActionResult{Output: a.Message + " sent to " + a.Address}, nil
}
