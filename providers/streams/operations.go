package streams

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/credential"
)

// operation is a call that no public source documents. It is data: the plan's word comes before the server's OpenAPI
// document, and that before the guess.
type operation struct {
	Method string          `json:"method"`
	Path   string          `json:"path"`
	Body   json.RawMessage `json:"body,omitempty"`
	// From is where it comes from: fromPlan, fromServer, or empty for a guess.
	From string `json:"from,omitempty"`
}

// Where operations come from.
const (
	fromPlan   = "the plan"
	fromServer = "the server's OpenAPI document"
)

// operationNames are the operations by name, in the order of the documentation.
var operationNames = []string{"stop_pe", "start_pe", "restart_pe", "stop_instance", "start_instance", "quiesce_resource", "resume_resource", changeWidthOp}

// changeWidthOp changes the width of a parallel region.
const changeWidthOp = "change_width"

// guess is an operation as it is where nobody says otherwise: the server has a generic action mechanism whose body must
// contain a type (its messages say so), and nothing says where. Assumption rest.actions.
func guess(name string) operation {
	if name == changeWidthOp {
		// Clients of REST API 5.x change a running job so; that 7.x does is INFERRED (reference 3.5).
		return operation{Method: "PATCH", Path: "{self}", Body: json.RawMessage(`{"jobConfigurationOverlay":{"jobConfigOverlays":[{"configInstructions":{"adjustmentSection":[{"targetParallelRegion":{"regionName":"{region}","newWidth":"{width}"}}]},"operationConfig":{"forcePeStopped":true}}]}}`)}
	}
	verb, _, _ := strings.Cut(name, "_")
	return operation{Method: "POST", Path: "{self}/actions", Body: json.RawMessage(`{"type":"` + verb + `"}`)}
}

// operationArgs is a block `operation` of the plan.
type operationArgs struct {
	Name   string `json:"name"`
	Method string `json:"method"`
	Path   string `json:"path"`
	Body   string `json:"body"`
}

var operationBlock = schema.Nested{Block: schema.Block{
	Name: "operation", Labels: []string{"name"},
	Description: "How the server is told to do something that its public documentation does not describe: `stop_pe`, `start_pe`, `restart_pe`, `stop_instance`, `start_instance`, `quiesce_resource`, `resume_resource` or `change_width`. Without a block, the server's OpenAPI document says it, and where that does not, `POST {self}/actions` with `{\"type\": \"stop\"}` and the like is tried; `change_width` changes the job by `PATCH {self}` with an overlay.",
	Attributes: []schema.Attribute{
		{Name: "method", Type: cty.String, Enum: []string{"POST", "PUT", "PATCH", "DELETE"}, Default: cty.StringVal("POST"), Public: true, Example: `"POST"`, Description: "The request's method."},
		{Name: "path", Type: cty.String, Required: true, Public: true, Example: `"{self}/actions"`, Description: "The path, beginning with `{self}`, the link of the resource itself, or with `/`. `{domain}`, `{instance}`, `{job}`, `{pe}` and `{resource}` stand for ids, `{region}` and `{width}` for what `change_width` is given. The host is always that of `url`."},
		{Name: "body", Type: cty.String, Public: true, Example: `jsonencode({ type = "stop" })`, Description: "The body, in JSON. The same words in braces stand for them in its strings; a string that is only `{width}` becomes a number. Without it the request has none."},
	},
}}

// placeholders are what a path and a body may hold.
var placeholders = []string{"self", "domain", "instance", "job", "pe", "resource", "region", "width"}

// subject is what an operation is done to.
type subject struct {
	kind string // "pe", "instance", "resource"
	self string // its link
	id   string // of a PE or a resource; an instance has its own
	job  string // the id of the PE's job
	// region and width are of a job whose width is changed.
	region, width string
}

// words names it in messages.
func (on subject) words() string {
	if on.id == "" {
		return "the " + on.kind
	}
	return "the " + on.kind + " " + on.id
}

// hasToken reports whether the plan names a token.
func (c connection) hasToken() bool {
	return !credential.Source{Value: c.Token, File: c.TokenFile, Command: c.TokenCommand}.IsZero()
}

// check finds what does not fit together in a connection, and what is wrong with its operations.
func (c connection) check() error {
	switch {
	case c.hasToken() && (c.Username != "" || c.PasswordFile != "" || len(c.PasswordCommand) > 0 || !c.Password.IsZero()):
		return errors.New("`token` and `username` with its password exclude each other; remove one of the two ways to log in")
	case (c.ClientCert == "") != (c.ClientKey == ""):
		return errors.New("`client_certificate` and `client_key` belong together; give both or neither")
	}
	if err := c.Check(); err != nil {
		return err
	}
	if err := c.checkLogs(); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, o := range c.Operations {
		where := fmt.Sprintf("operation %q", o.Name)
		known := map[string]bool{"self": true, "domain": c.Domain != "", "instance": true}
		switch {
		case !slices.Contains(operationNames, o.Name):
			return fmt.Errorf("%s: there is no such operation; there are %s", where, strings.Join(operationNames, ", "))
		case seen[o.Name]:
			return fmt.Errorf("%s stands twice; remove one of the blocks", where)
		case !strings.HasPrefix(o.Path, "/") && o.Path != "{self}" && !strings.HasPrefix(o.Path, "{self}/"), strings.HasPrefix(o.Path, "//"), strings.ContainsAny(o.Path, "\\#\r\n"):
			return fmt.Errorf("%s: the path %q does not begin with {self} or with a single /, or has characters that no path has; the host is always that of `url`", where, o.Path)
		case o.Body != "" && !json.Valid([]byte(o.Body)):
			return fmt.Errorf("%s: the body is not JSON; write it with jsonencode(...)", where)
		}
		seen[o.Name] = true
		switch {
		case strings.HasSuffix(o.Name, "_pe"):
			known["pe"], known["job"] = true, true
		case strings.HasSuffix(o.Name, "_resource"):
			known["resource"] = true
		case o.Name == changeWidthOp:
			known["job"], known["region"], known["width"] = true, true, true
		}
		for _, p := range braced(o.Path) {
			if !known[p] {
				return fmt.Errorf("%s: the path has {%s}, of which nothing is known there%s", where, p, needDomain(p))
			}
		}
	}
	return nil
}

func needDomain(p string) string {
	if p == "domain" {
		return "; give `domain` in the streams block"
	}
	return "; the placeholders are {" + strings.Join(placeholders, "}, {") + "}"
}

// validateConnection is check for a dry run.
func validateConnection(s providers.Scope, target string) diag.List {
	if err := connectionOf(s, target).check(); err != nil {
		return diag.List{{Severity: diag.Error, Code: diag.ProviderArgument, Summary: "The streams block of target " + target + " cannot be used as it is", Detail: err.Error() + "."}}
	}
	return nil
}

func connectionOf(s providers.Scope, target string) (c connection) {
	_ = decode(s.Targets[target].Connections[Name], &c) // checked by the language
	return c
}

// braced lists the words in braces.
func braced(text string) []string {
	var out []string
	for {
		_, rest, ok := strings.Cut(text, "{")
		if !ok {
			return out
		}
		word, rest, _ := strings.Cut(rest, "}")
		out, text = append(out, word), rest
	}
}

// planned is an operation as far as the plan says: its own, or the guess.
func (c connection) planned(name string) operation {
	for _, o := range c.Operations {
		if o.Name != name {
			continue
		}
		op := operation{Method: o.Method, Path: o.Path, From: fromPlan}
		if op.Method == "" {
			op.Method = "POST"
		}
		if o.Body != "" {
			op.Body = json.RawMessage(o.Body)
		}
		return op
	}
	return guess(name)
}

// shown is the operation on a resource as the dry run shows it.
func (o operation) shown(link string) string {
	out := o.Method + " " + strings.ReplaceAll(o.Path, "{self}", link)
	var body bytes.Buffer
	if json.Compact(&body, o.Body) == nil && body.Len() > 0 {
		out += "  " + body.String()
	}
	if o.From == "" {
		return out + "  (a guess; used where the server's OpenAPI document does not say)"
	}
	return out + "  (from " + o.From + ")"
}

// filled puts the ids of a resource in place of what stands for them.
func (o operation) filled(on subject, ids map[string]string) (link string, body []byte, err error) {
	path := make([]string, 0, 2*len(placeholders))
	text := make([]string, 0, 2*len(placeholders))
	for _, p := range placeholders {
		v := ids[p]
		if p == "self" {
			path, text = append(path, "{self}", withoutQuery(on.self)), append(text, "{self}", on.self)
			continue
		}
		if slices.Contains(braced(o.Path), p) && (v == "" || v == "." || v == "..") {
			return "", nil, fmt.Errorf("the path %q needs {%s}, and its id is %q here", o.Path, p, v)
		}
		path, text = append(path, "{"+p+"}", url.PathEscape(v)), append(text, "{"+p+"}", v)
	}
	link = strings.NewReplacer(path...).Replace(o.Path)
	if len(o.Body) == 0 {
		return link, nil, nil
	}
	dec := json.NewDecoder(bytes.NewReader(o.Body))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return "", nil, fmt.Errorf("read the body: %w", err)
	}
	body, err = json.Marshal(fill(v, strings.NewReplacer(text...)))
	return link, body, err
}

func withoutQuery(link string) string {
	link, _, _ = strings.Cut(link, "#")
	link, _, _ = strings.Cut(link, "?")
	return strings.TrimSuffix(link, "/")
}

// fill replaces in the strings of a JSON value.
func fill(v any, r *strings.Replacer) any {
	switch v := v.(type) {
	case string:
		if v == "{width}" {
			return json.Number(r.Replace(v))
		}
		return r.Replace(v)
	case []any:
		for i := range v {
			v[i] = fill(v[i], r)
		}
	case map[string]any:
		for k := range v {
			v[k] = fill(v[k], r)
		}
	}
	return v
}

// call carries an operation out on a resource.
func (s *Session) call(ctx context.Context, op operation, doing string, on subject) error {
	i, err := s.inst(ctx)
	if err != nil {
		return err
	}
	ids := map[string]string{"domain": s.cfg.Domain, "instance": string(i.ID), "job": on.job, "region": on.region, "width": on.width}
	if on.kind != "instance" {
		ids[on.kind] = on.id
	}
	link, body, err := op.filled(on, ids)
	if err != nil {
		return fmt.Errorf("%s at %s: %w", doing, s.target, err)
	}
	err = s.client.Send(ctx, doing, op.Method, link, body)
	if err != nil && op.From == "" {
		return &guessedError{err}
	}
	return err
}

// guessedError is the failure of a call that was guessed.
type guessedError struct{ err error }

func (e *guessedError) Error() string {
	return e.err.Error() + "; the call is a guess: say how your server does it with an `operation` block in the streams block"
}
func (e *guessedError) Unwrap() error { return e.err }

// errNoOperation is a mistake of this package.
var errNoOperation = errors.New("there is no such operation")
