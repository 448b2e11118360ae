package streams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// widthArgs are the arguments of streams_job_width.
type widthArgs struct {
	which
	Region  string `json:"region"`
	Width   int    `json:"width"`
	Restore *bool  `json:"restore,omitempty"`
}

func (a widthArgs) restores() bool { return a.Restore == nil || *a.Restore }

// widthAction changes how many channels a parallel region has. It is undone at the end of the run unless the plan says
// otherwise. Assumption rest.change.
func widthAction() providers.ActionType {
	const doc = "Changes how many channels a parallel region of a running job has, and waits until it has them and the job is healthy again. PEs that must be replaced for that are stopped. At the end of the run, before jobs are cancelled, the region gets its former width back, unless `restore = false`."
	return providers.ActionType{
		Name: "streams_job_width", Doc: doc, Twin: true,
		Schema: &schema.Block{Name: "streams_job_width", Description: doc, Attributes: []schema.Attribute{
			targetAttr, jobAttr,
			{Name: "region", Type: cty.String, Required: true, Public: true, Example: `"KeyedCounter"`, Description: "The name of the parallel region: the logical name of its operator or composite."},
			{Name: "width", Type: cty.Number, Required: true, Min: new(1.0), Public: true, Example: "3", Description: "How many channels it is to have."},
			{Name: "restore", Type: cty.Bool, Default: cty.True, Public: true, Example: "false", Description: "Whether it gets its former width back at the end of the run."},
		}},
		Example:  "job    = job.orders[\"dc1\"]\nregion = \"KeyedCounter\"\nwidth  = 3",
		Describe: describeWidth,
		New:      func(env providers.Env) providers.Action { return changeWidth{env} },
		Lasts: func(raw json.RawMessage) bool {
			var a widthArgs
			return decode(raw, &a) == nil && a.restores()
		},
		Deed: func(env providers.Env) providers.Deed { return changeWidth{env} },
	}
}

func describeWidth(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	var a widthArgs
	if err := decode(raw, &a); err != nil {
		return providers.Description{}, diag.List{}.Append(err)
	}
	op := connectionOf(s, a.Target).planned(changeWidthOp)
	link := baseURL(s, a.Target) + "/jobs/{id}"
	d := providers.Description{
		SideEffects: true, Summary: fmt.Sprintf("region %s of %s gets %s", a.Region, a.Job, counted(a.Width, "channel")),
		Places: []providers.Place{{Target: a.Target}}, Jobs: []string{a.Target + "." + a.Job},
		Effects: []providers.Line{{Place: a.Target, Text: op.shown(link)}},
	}
	if a.restores() {
		d.Undo = []providers.Line{{Place: a.Target, Text: op.shown(link) + "  (the former width, at the end of the run)"}}
	}
	return d, append(a.validate(), validateConnection(s, a.Target)...)
}

// widthUndo is all that giving the former width back needs.
type widthUndo struct {
	Target    string    `json:"target"`
	Job       string    `json:"job"`  // the platform's id
	Name      string    `json:"name"` // the platform's name
	Region    string    `json:"region"`
	Width     int       `json:"width"` // what it is to become
	Before    int       `json:"before"`
	Operation operation `json:"operation"`
}

// changeWidth is both the action and, where it is undone, the deed.
type changeWidth struct{ env providers.Env }

var (
	_ providers.Action = changeWidth{}
	_ providers.Deed   = changeWidth{}
)

// Check looks at the target; the job may not be there yet.
func (c changeWidth) Check(ctx context.Context, id providers.StepID, raw json.RawMessage) error {
	return jobAction{c.env, verb{}}.Check(ctx, id, raw)
}

// Do changes the width and waits.
func (c changeWidth) Do(ctx context.Context, id providers.StepID, raw json.RawMessage) (providers.ActionResult, error) {
	h, err := c.Prepare(ctx, id, raw)
	if err != nil {
		return providers.ActionResult{}, err
	}
	if err := c.Inject(ctx, h); err != nil {
		return providers.ActionResult{}, err
	}
	return providers.ActionResult{}, until(ctx, "the region to have its new width", func() (bool, error) {
		e, err := c.Verify(ctx, h)
		return e.InForce, err
	})
}

// Prepare finds the job and how wide the region is.
func (c changeWidth) Prepare(ctx context.Context, id providers.StepID, raw json.RawMessage) (providers.Handle, error) {
	var a widthArgs
	if err := decode(raw, &a); err != nil {
		return providers.Handle{}, err
	}
	s, err := open(c.env, a.Target)
	if err != nil {
		return providers.Handle{}, err
	}
	if _, _, known := s.JobAt(a.Job); !known {
		// Before the run no job of it is there; what can be seen is whether the server is.
		_, err := s.inst(ctx)
		if err != nil {
			return providers.Handle{}, err
		}
		return providers.NewHandle(id, Name, "streams_job_width", []providers.Place{{Target: a.Target}}, nil, widthUndo{Target: a.Target}, a)
	}
	_, j, err := a.find(ctx, c.env)
	if err != nil {
		return providers.Handle{}, err
	}
	u := widthUndo{Target: a.Target, Job: string(j.ID), Name: j.Name, Region: a.Region, Width: a.Width}
	if u.Before, err = s.width(ctx, u.Job, a.Region); err != nil {
		return providers.Handle{}, err
	}
	if u.Operation, err = s.operation(ctx, changeWidthOp); err != nil {
		return providers.Handle{}, err
	}
	return providers.NewHandle(id, Name, "streams_job_width", []providers.Place{{Target: a.Target}}, map[string]int{"width": u.Before}, u, a)
}

// width is how many channels a region has: one more than the highest channel of its operators. Whether the operators of a
// region of one channel have a number is not documented: either will do.
func (s *Session) width(ctx context.Context, job, region string) (int, error) {
	i, err := s.inst(ctx)
	if err != nil {
		return 0, err
	}
	ops, err := s.client.Operators(ctx, i, job)
	if err != nil {
		return 0, err
	}
	n, names := 0, map[string]bool{}
	for _, o := range ops {
		if !o.Channel.Set {
			if strings.Contains("."+o.Name+".", "."+region+".") {
				n = max(n, 1) // of one channel, which has no number
			}
			continue
		}
		names[o.LogicalName] = true
		l := "." + o.LogicalName + "."
		if strings.Contains(l, "."+region+".") {
			n = max(n, int(o.Channel.V)+1)
		}
	}
	if n == 0 {
		return 0, fmt.Errorf("find the parallel region %s of job %s at %s: the operators in parallel regions are %s; correct `region`", region, job, s.target, someOf(sortedKeysOf(names)))
	}
	return n, nil
}

func (c changeWidth) open(h providers.Handle) (u widthUndo, s *Session, err error) {
	if err = decode(h.Undo, &u); err != nil {
		return u, nil, err
	}
	s, err = open(c.env, u.Target)
	return u, s, err
}

// Inject changes the width.
func (c changeWidth) Inject(ctx context.Context, h providers.Handle) error {
	u, s, err := c.open(h)
	if err != nil {
		return err
	}
	if u.Job == "" {
		return fmt.Errorf("change the width of a region at %s: %w", u.Target, errNotKnown)
	}
	return s.setWidth(ctx, u, u.Width)
}

func (s *Session) setWidth(ctx context.Context, u widthUndo, width int) error {
	i, err := s.inst(ctx)
	if err != nil {
		return err
	}
	on := subject{kind: "job", self: rest.Join(i.Jobs, "/"+url.PathEscape(u.Job)), id: u.Job, region: u.Region, width: strconv.Itoa(width)}
	return s.call(ctx, u.Operation, fmt.Sprintf("give region %s of job %s %s", u.Region, u.Name, counted(width, "channel")), on)
}

// errNotKnown says that a job of the plan has not come about yet.
var errNotKnown = errors.New("it is not known which job of the platform is meant, because it has not been submitted, adopted or launched yet")

// Verify looks whether the region has its new width and the job is healthy.
func (c changeWidth) Verify(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	u, s, err := c.open(h)
	e := providers.Effect{Low: time.Now()}
	if err != nil {
		return e, err
	}
	e.InForce, e.Evidence, err = s.hasWidth(ctx, u, u.Width)
	e.High = time.Now()
	return e, err
}

func (s *Session) hasWidth(ctx context.Context, u widthUndo, want int) (has bool, evidence string, err error) {
	n, err := s.width(ctx, u.Job, u.Region)
	if err != nil {
		return false, "", err
	}
	up, err := s.jobUp(ctx, u.Name, jobArgs{})
	return n == want && up.InForce, fmt.Sprintf("region %s has %s; %s", u.Region, counted(n, "channel"), up.Evidence), err
}

// Heal gives the former width back. A job that is gone has none.
func (c changeWidth) Heal(ctx context.Context, h providers.Handle) error {
	u, s, err := c.open(h)
	if err != nil || u.Job == "" {
		return err
	}
	there, err := s.there(ctx, u.Job)
	if err != nil || !there {
		return err
	}
	if n, err := s.width(ctx, u.Job, u.Region); err != nil || n == u.Before {
		return err
	}
	return s.setWidth(ctx, u, u.Before)
}

// there reports whether a job of this id runs.
func (s *Session) there(ctx context.Context, id string) (bool, error) {
	i, err := s.inst(ctx)
	if err != nil {
		return false, err
	}
	jobs, err := s.jobsOf(ctx, i)
	for _, j := range jobs {
		if string(j.ID) == id && !ending(j) {
			return true, err
		}
	}
	return false, err
}

// VerifyHealed looks whether the region has its former width.
func (c changeWidth) VerifyHealed(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	u, s, err := c.open(h)
	e := providers.Effect{Low: time.Now(), InForce: true}
	if err != nil {
		return e, err
	}
	there, err := false, error(nil)
	if u.Job != "" {
		there, err = s.there(ctx, u.Job)
	}
	if err == nil && !there {
		e.InForce, e.High, e.Evidence = false, time.Now(), fmt.Sprintf("job %s (%s) does not run any more", u.Job, u.Name)
		return e, nil
	}
	if err != nil {
		return e, err
	}
	has, evidence, err := s.hasWidth(ctx, u, u.Before)
	e.InForce, e.Evidence, e.High = !has, evidence, time.Now()
	return e, err
}
