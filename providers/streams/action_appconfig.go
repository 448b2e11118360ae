package streams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// appConfigAction is the name of the action.
const appConfigAction = "streams_application_configuration"

// mostKept bounds the former values that a handle holds, in bytes.
const mostKept = 256 << 10

// secretive are names of properties whose values may be secrets: those are not kept in a handle.
var secretive = regexp.MustCompile(`(?i)passw|passphrase|secret|token|credential|private|key$|jdbcurl`)

// appConfigArgs are the arguments of streams_application_configuration.
type appConfigArgs struct {
	Target      string                    `json:"target"`
	Name        string                    `json:"name"`
	Description *string                   `json:"description,omitempty"`
	Properties  map[string]providers.Text `json:"properties,omitempty"`
	Remove      []string                  `json:"remove,omitempty"`
	Delete      bool                      `json:"delete,omitempty"`
	Former      map[string]providers.Text `json:"former,omitempty"`
	Restore     *bool                     `json:"restore,omitempty"`
}

func (a appConfigArgs) restores() bool { return a.Restore == nil || *a.Restore }

// applicationConfigurationAction creates, changes or deletes an application configuration. It is undone at the end of the run unless the
// plan says otherwise. Assumption rest.configurations.
func applicationConfigurationAction() providers.ActionType {
	const doc = "Creates an application configuration of an instance, changes properties of one that is there, or deletes one. At the end of the run, before jobs are cancelled, it is as it was, unless `restore = false`. Applications read their configuration when they please: that of the failover toolkit is read when its operators start."
	return providers.ActionType{
		Name: appConfigAction, Doc: doc, Twin: true,
		Schema: &schema.Block{Name: appConfigAction, Description: doc, Attributes: []schema.Attribute{
			{Name: "target", Type: cty.String, Form: schema.TargetRef, Required: true, Public: true, Example: "target.dc1", Description: "The target whose instance it is in."},
			{Name: "name", Type: cty.String, Required: true, Public: true, Example: `"CrossDCFailover"`, Description: "The name of the application configuration."},
			{Name: "description", Type: cty.String, Public: true, Example: `"for the drill"`, Description: "Its description. Without it, one that is there keeps its own."},
			{Name: "properties", Type: cty.Map(cty.String), Example: `{ heartbeatExchangeInterval = "5" }`, Description: "The properties that it gets. Those that are not named stay as they are. Sensitive values are allowed."},
			{Name: "remove", Type: cty.List(cty.String), Public: true, Example: `["dataSnapshotExchangeInterval"]`, Description: "The names of properties that are taken away."},
			{Name: "delete", Type: cty.Bool, Default: cty.False, Public: true, Example: "true", Description: "Whether the whole of it is deleted. `description`, `properties` and `remove` are refused then."},
			{Name: "former", Type: cty.Map(cty.String), Example: `{ dataSnapshotJdbcPassword = var.database_password }`, Description: "What properties get back at the end in place of what they had. It is needed for those whose names say that they may be secrets: their values are read and not kept."},
			{Name: "restore", Type: cty.Bool, Default: cty.True, Public: true, Example: "false", Description: "Whether it is as it was again at the end of the run."},
		}},
		Example:  "target = target.dc1\nname   = \"CrossDCFailover\"\nproperties = {\n  \"com.example.orders::Orders_heartbeatExchangeInterval\" = \"5\"\n}",
		Describe: describeAppConfig,
		New:      func(env providers.Env) providers.Action { return changeAppConfig{env} },
		Lasts: func(raw json.RawMessage) bool {
			var a appConfigArgs
			return decode(raw, &a) == nil && a.restores()
		},
		Deed: func(env providers.Env) providers.Deed { return changeAppConfig{env} },
	}
}

// validate finds what does not fit together.
func (a appConfigArgs) validate() diag.List {
	bad := func(at, summary, detail string) diag.List {
		return diag.List{{Severity: diag.Error, Code: diag.ProviderArgument, Summary: summary, Detail: detail, Path: cty.GetAttrPath(at)}}
	}
	switch {
	case a.Name == "" || len(a.Name) > 1000 || strings.ContainsAny(a.Name, "\x00\r\n"):
		return bad("name", "This is no name of an application configuration", "Write its name as the instance lists it (streamtool lsappconfig).")
	case a.Delete && (a.Description != nil || len(a.Properties) > 0 || len(a.Remove) > 0):
		return bad("delete", "What is deleted has no properties", "Remove `delete`, or `description`, `properties` and `remove`.")
	case !a.Delete && a.Description == nil && len(a.Properties) == 0 && len(a.Remove) == 0:
		return bad("name", "The action changes nothing", "Give `properties`, `remove`, `description` or `delete = true`.")
	}
	for _, k := range a.Remove {
		if _, both := a.Properties[k]; both {
			return bad("remove", fmt.Sprintf("The property %q is both set and taken away", k), "Name it in one of `properties` and `remove`.")
		}
	}
	return nil
}

// shown are the properties as a dry run shows them.
func (a appConfigArgs) shown() string {
	props := map[string]any{}
	for k, v := range a.Properties {
		props[k] = v.String()
	}
	for _, k := range a.Remove {
		props[k] = nil
	}
	body := map[string]any{"properties": props}
	if a.Description != nil {
		body["description"] = *a.Description
	}
	b, _ := json.Marshal(body) // plain strings
	return string(b)
}

func describeAppConfig(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	var a appConfigArgs
	if err := decode(raw, &a); err != nil {
		return providers.Description{}, diag.List{}.Append(err)
	}
	all := baseURL(s, a.Target) + "/applicationconfigurations"
	one := all + "/" + url.PathEscape(a.Name)
	line := func(text string) providers.Line { return providers.Line{Place: a.Target, Text: text} }
	d := providers.Description{SideEffects: true, Places: []providers.Place{{Target: a.Target}}}
	if a.Delete {
		d.Summary = fmt.Sprintf("deletes the application configuration %s at %s", a.Name, a.Target)
		d.Effects = []providers.Line{line("DELETE " + one)}
	} else {
		d.Summary = fmt.Sprintf("changes the application configuration %s at %s, or creates it", a.Name, a.Target)
		d.Effects = []providers.Line{line("PATCH " + one + "  " + a.shown()), line("POST " + all + "  (the same, where it is not there)")}
	}
	if a.restores() {
		d.Undo = []providers.Line{line("PATCH, POST or DELETE " + one + "  (as it was, at the end of the run)")}
	}
	return d, append(a.validate(), validateConnection(s, a.Target)...)
}

// appConfigUndo is all that putting it back needs. It holds no value that may be a secret.
type appConfigUndo struct {
	Target string `json:"target"`
	Name   string `json:"name"`
	// There says that it was there; Description and Before are what of it is touched. A nil value: there was none.
	There       bool               `json:"there"`
	Description *string            `json:"description,omitempty"`
	Before      map[string]*string `json:"before,omitempty"`
	// Former are values that the plan states in place of those.
	Former map[string]providers.Text `json:"former,omitempty"`
}

// changeAppConfig is both the action and, where it is undone, the deed.
type changeAppConfig struct{ env providers.Env }

var (
	_ providers.Action = changeAppConfig{}
	_ providers.Deed   = changeAppConfig{}
)

// Check looks whether it could be done.
func (c changeAppConfig) Check(ctx context.Context, id providers.StepID, raw json.RawMessage) error {
	_, err := c.Prepare(ctx, id, raw)
	return err
}

// Do does it, and looks whether it is so.
func (c changeAppConfig) Do(ctx context.Context, id providers.StepID, raw json.RawMessage) (providers.ActionResult, error) {
	h, err := c.Prepare(ctx, id, raw)
	if err == nil {
		err = c.Inject(ctx, h)
	}
	if err != nil {
		return providers.ActionResult{}, err
	}
	e, err := c.Verify(ctx, h)
	if err == nil && !e.InForce {
		err = fmt.Errorf("change an application configuration: the server took it, and %s", e.Evidence)
	}
	return providers.ActionResult{Output: e.Evidence}, err
}

// errFormer says that a value may not be kept.
var errFormer = errors.New("its former value may be a secret, which is not kept: say what it is to be again with `former`, or write `restore = false`")

// Prepare reads it and keeps what is going to be touched.
func (c changeAppConfig) Prepare(ctx context.Context, id providers.StepID, raw json.RawMessage) (providers.Handle, error) {
	var a appConfigArgs
	if err := decode(raw, &a); err != nil {
		return providers.Handle{}, err
	}
	if err := a.validate().Err(); err != nil {
		return providers.Handle{}, err
	}
	s, err := open(c.env, a.Target)
	if err != nil {
		return providers.Handle{}, err
	}
	now, there, err := s.appConfig(ctx, a.Name)
	if err != nil {
		return providers.Handle{}, err
	}
	if !there && (a.Delete || len(a.Properties) == 0 && a.Description == nil) {
		return providers.Handle{}, fmt.Errorf("change the application configuration %s at %s: there is none", a.Name, a.Target)
	}
	u := appConfigUndo{Target: a.Target, Name: a.Name, There: there, Former: a.Former, Before: map[string]*string{}}
	touched := append(slices.Collect(maps.Keys(a.Properties)), a.Remove...)
	if a.Delete {
		touched = slices.Collect(maps.Keys(now.Properties))
	}
	if there && (a.Delete || a.Description != nil) {
		u.Description = &now.Description
	}
	kept := 0
	for _, k := range touched {
		was, had := now.Properties[k]
		_, stated := a.Former[k]
		switch {
		case !there || !a.restores() || stated:
		case !had:
			u.Before[k] = nil
		case secretive.MatchString(k) || a.Properties[k].Slot != "":
			return providers.Handle{}, fmt.Errorf("change the property %s of the application configuration %s at %s: %w", k, a.Name, a.Target, errFormer)
		default:
			u.Before[k] = &was
			kept += len(k) + len(was)
		}
	}
	if kept > mostKept {
		return providers.Handle{}, fmt.Errorf("change the application configuration %s at %s: its former values have %d bytes, and %d are kept at most", a.Name, a.Target, kept, mostKept)
	}
	h, err := providers.NewHandle(id, Name, appConfigAction, []providers.Place{{Target: a.Target}}, map[string]bool{"there": there}, u, a)
	h.Names = []string{a.Name}
	return h, err
}

// appConfig reads an application configuration.
func (s *Session) appConfig(ctx context.Context, name string) (rest.ApplicationConfiguration, bool, error) {
	i, err := s.inst(ctx)
	if err != nil {
		return rest.ApplicationConfiguration{}, false, err
	}
	all, err := s.client.ApplicationConfigurations(ctx, i)
	if err != nil {
		return rest.ApplicationConfiguration{}, false, err
	}
	n := slices.IndexFunc(all, func(c rest.ApplicationConfiguration) bool { return c.Name == name })
	if n < 0 {
		return rest.ApplicationConfiguration{}, false, nil
	}
	return all[n], true, nil
}

func (c changeAppConfig) open(h providers.Handle) (a appConfigArgs, u appConfigUndo, s *Session, err error) {
	if err = decode(h.Args, &a); err != nil {
		return a, u, nil, err
	}
	if err = decode(h.Undo, &u); err != nil {
		return a, u, nil, err
	}
	s, err = open(c.env, u.Target)
	return a, u, s, err
}

// wanted is what it is to be: the properties with their values, nil for those that are to be gone.
func (c changeAppConfig) wanted(a appConfigArgs) (map[string]*string, error) {
	out := map[string]*string{}
	for _, k := range a.Remove {
		out[k] = nil
	}
	return out, c.reveal(a.Properties, out)
}

// former is what it is to be again.
func (c changeAppConfig) former(u appConfigUndo) (map[string]*string, error) {
	out := maps.Clone(u.Before)
	if out == nil {
		out = map[string]*string{}
	}
	return out, c.reveal(u.Former, out)
}

func (c changeAppConfig) reveal(from map[string]providers.Text, into map[string]*string) error {
	for _, k := range slices.Sorted(maps.Keys(from)) {
		v, err := from[k].Reveal(c.env)
		if err != nil {
			return fmt.Errorf("read the property %s: %w", k, err)
		}
		into[k] = &v
	}
	return nil
}

// Inject makes it so.
func (c changeAppConfig) Inject(ctx context.Context, h providers.Handle) error {
	a, _, s, err := c.open(h)
	if err != nil {
		return err
	}
	if a.Delete {
		return s.putAppConfig(ctx, a.Name, false, nil, nil)
	}
	want, err := c.wanted(a)
	if err != nil {
		return err
	}
	return s.putAppConfig(ctx, a.Name, true, a.Description, want)
}

// putAppConfig has an application configuration be there with some properties, or not be there.
func (s *Session) putAppConfig(ctx context.Context, name string, there bool, description *string, properties map[string]*string) error {
	i, err := s.inst(ctx)
	if err != nil {
		return err
	}
	now, is, err := s.appConfig(ctx, name)
	switch {
	case err != nil:
		return err
	case !there && is:
		return s.client.DeleteApplicationConfiguration(ctx, i, now)
	case !there:
		return nil
	case is:
		return s.client.ChangeApplicationConfiguration(ctx, i, now, description, properties)
	}
	return s.client.CreateApplicationConfiguration(ctx, i, name, description, properties)
}

// hasAppConfig looks whether it is there with some properties, or is not there. What it says of it has no values in it.
func (s *Session) hasAppConfig(ctx context.Context, name string, there bool, properties map[string]*string) (bool, string, error) {
	now, is, err := s.appConfig(ctx, name)
	if err != nil {
		return false, "", err
	}
	if !is || !there {
		return is == there, fmt.Sprintf("the application configuration %s at %s is %s", name, s.target, map[bool]string{true: "there", false: "not there"}[is]), nil
	}
	var differ []string
	for _, k := range slices.Sorted(maps.Keys(properties)) {
		v, has := now.Properties[k]
		if want := properties[k]; has != (want != nil) || has && v != *want {
			differ = append(differ, k)
		}
	}
	if len(differ) > 0 {
		return false, fmt.Sprintf("the application configuration %s at %s has other values of %s", name, s.target, someOf(differ)), nil
	}
	return true, fmt.Sprintf("%d properties of the application configuration %s at %s are as they are to be", len(properties), name, s.target), nil
}

// Verify looks whether it is so.
func (c changeAppConfig) Verify(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	e := providers.Effect{Low: time.Now()}
	a, _, s, err := c.open(h)
	if err != nil {
		return e, err
	}
	want, err := c.wanted(a)
	if err != nil {
		return e, err
	}
	e.InForce, e.Evidence, err = s.hasAppConfig(ctx, a.Name, !a.Delete, want)
	e.High = time.Now()
	return e, err
}

// Heal puts it back.
func (c changeAppConfig) Heal(ctx context.Context, h providers.Handle) error {
	_, u, s, err := c.open(h)
	if err != nil {
		return err
	}
	was, err := c.former(u)
	if err != nil {
		return err
	}
	return s.putAppConfig(ctx, u.Name, u.There, u.Description, was)
}

// VerifyHealed looks whether it is as it was.
func (c changeAppConfig) VerifyHealed(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	e := providers.Effect{Low: time.Now(), InForce: true}
	_, u, s, err := c.open(h)
	if err != nil {
		return e, err
	}
	was, err := c.former(u)
	if err != nil {
		return e, err
	}
	same, evidence, err := s.hasAppConfig(ctx, u.Name, u.There, was)
	e.InForce, e.Evidence, e.High = !same, evidence, time.Now()
	return e, err
}
