package streams

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// ResourceFault is the name of the fault that quiesces a resource.
const ResourceFault = "streams_resource"

// resourceFault quiesces a resource; the heal resumes it.
func resourceFault() providers.FaultType {
	return providers.FaultType{
		Name: ResourceFault,
		Doc:  "Quiesces a resource: every Streams service on it stops except the domain controller, and PEs that may move do. The heal resumes it; PEs that moved away do not come back by themselves.",
		Schema: &schema.Block{
			Name: ResourceFault, Description: "Quiesces a resource; the heal resumes it.",
			Attributes: append([]schema.Attribute{
				{
					Name: "target", Type: cty.String, Form: schema.TargetRef, Required: true, Public: true, Example: "target.dc1",
					Description: "The target whose domain has the resource.",
				},
				{
					Name: "resource", Type: cty.String, Required: true, Public: true, Example: `"edge1.dc1.example.com"`,
					Description: "The resource's id, name or address.",
				},
			}, viaAttrs...),
		},
		Example:  "target   = target.dc1\nresource = \"edge1.dc1.example.com\"\nduration = \"60s\"",
		Twin:     true,
		Describe: describeQuiesce,
		New:      func(env providers.Env) providers.Deed { return quiesce{env} },
	}
}

type quiesceArgs struct {
	Target   string `json:"target"`
	Resource string `json:"resource"`
	via
}

func describeQuiesce(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	var a quiesceArgs
	if err := decode(raw, &a); err != nil {
		return providers.Description{}, diag.List{}.Append(err)
	}
	base, _, _ := strings.Cut(baseURL(s, a.Target), "/instances/")
	domain := connectionOf(s, a.Target).Domain
	if domain == "" {
		domain = "{domain}"
	}
	link := base + "/domains/" + domain + "/resources/{id}"
	return providers.Description{
		SideEffects: true,
		Summary:     fmt.Sprintf("quiesces the resource %s at %s", a.Resource, a.Target),
		Effects:     []providers.Line{a.line(s, a.Target, "quiesce_resource", link, a.Resource)},
		Undo:        []providers.Line{a.line(s, a.Target, "resume_resource", link, a.Resource)},
		Places:      []providers.Place{a.place(a.Target)},
	}, slices.Concat(a.validate(a.Target), validateConnection(s, a.Target))
}

// quiesceUndo is all that resuming needs.
type quiesceUndo struct {
	via
	Target     string               `json:"target"`
	ID         string               `json:"id"`
	Self       string               `json:"self"`
	Operations map[string]operation `json:"operations,omitempty"`
}

func (u quiesceUndo) subject() subject { return subject{kind: "resource", self: u.Self, id: u.ID} }

type quiesce struct{ env providers.Env }

var _ providers.Deed = quiesce{}

// Prepare finds the resource and refuses one that does not run.
func (d quiesce) Prepare(ctx context.Context, id providers.StepID, raw json.RawMessage) (providers.Handle, error) {
	var a quiesceArgs
	if err := decode(raw, &a); err != nil {
		return providers.Handle{}, err
	}
	s, err := open(d.env, a.Target)
	if err != nil {
		return providers.Handle{}, err
	}
	all, err := s.client.Resources(ctx)
	if err != nil {
		return providers.Handle{}, err
	}
	n := slices.IndexFunc(all, func(r rest.Resource) bool { return r.Is(a.Resource) })
	if n < 0 {
		return providers.Handle{}, fmt.Errorf("find the resource %q at %s: there is none; there are %s", a.Resource, a.Target, listResources(all))
	}
	r := all[n]
	if status := strings.ToLower(snake(r.Status)); status != "running" {
		return providers.Handle{}, fmt.Errorf("quiesce the resource %s at %s: it is %s; only one that is running can be quiesced and resumed", r.ID, a.Target, status)
	}
	u := quiesceUndo{via: a.via, Target: a.Target, ID: string(r.ID), Self: r.Self}
	if u.Operations, err = s.resolve(ctx, a.via, "quiesce_resource", "resume_resource"); err != nil {
		return providers.Handle{}, err
	}
	return providers.NewHandle(id, Name, ResourceFault, []providers.Place{a.place(a.Target)}, map[string]string{"status": r.Status}, u, nil)
}

func listResources(all []rest.Resource) string {
	if len(all) == 0 {
		return "none that this user may see"
	}
	var out []string
	for _, r := range all[:min(len(all), 10)] {
		out = append(out, string(r.ID))
	}
	return strings.Join(out, ", ")
}

// status reads the resource's status.
func (d quiesce) status(ctx context.Context, h providers.Handle) (u quiesceUndo, s *Session, status string, err error) {
	if err = decode(h.Undo, &u); err != nil {
		return u, nil, "", err
	}
	if s, err = open(d.env, u.Target); err != nil {
		return u, nil, "", err
	}
	var r rest.Resource
	err = s.client.Get(ctx, "look at the resource "+u.ID, u.Self, &r)
	return u, s, strings.ToLower(snake(r.Status)), err
}

// Inject quiesces it.
func (d quiesce) Inject(ctx context.Context, h providers.Handle) error {
	u, s, status, err := d.status(ctx, h)
	if err != nil || status == "quiesced" || status == "quiescing" {
		return err
	}
	return u.act(ctx, d.env, s, u.Operations, "quiesce_resource", u.subject())
}

// Heal resumes it, once it has come to rest.
func (d quiesce) Heal(ctx context.Context, h providers.Handle) error {
	var u quiesceUndo
	var s *Session
	status := ""
	err := until(ctx, "the resource to have come to rest", func() (bool, error) {
		var err error
		u, s, status, err = d.status(ctx, h)
		return status != "quiescing", err
	})
	if err != nil || status != "quiesced" {
		return err
	}
	return u.act(ctx, d.env, s, u.Operations, "resume_resource", u.subject())
}

// Verify looks whether it is quiesced.
func (d quiesce) Verify(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	return d.look(ctx, h, func(status string) bool { return status == "quiesced" })
}

// VerifyHealed looks whether it runs again.
func (d quiesce) VerifyHealed(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	return d.look(ctx, h, func(status string) bool { return status != "running" })
}

func (d quiesce) look(ctx context.Context, h providers.Handle, inForce func(status string) bool) (providers.Effect, error) {
	e := providers.Effect{Low: time.Now()}
	u, _, status, err := d.status(ctx, h)
	e.High = time.Now()
	e.InForce = inForce(status)
	e.Evidence = fmt.Sprintf("the resource %s at %s is %s", u.ID, u.Target, status)
	return e, err
}
