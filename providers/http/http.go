// Package httpaction has the provider "http" with its action: one HTTP request, sent once. Its checks are in httpcheck.
package httpaction

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/credential"
	"github.com/xdc-project/xdc/providers/httpcheck"
	"github.com/xdc-project/xdc/providers/https"
)

// maxAnswer bounds the body of an answer that is kept, in bytes.
const maxAnswer = 1 << 20

// methods are those that a plan may name.
var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// Provider describes the action.
func Provider() *providers.Provider {
	return &providers.Provider{
		Name:       httpcheck.Name,
		Doc:        "Sends HTTP requests to whatever a plan names: a load balancer, a ticket system, an application of its own. Checks in a target's `http` block look at HTTP services again and again.",
		Connection: httpcheck.Connection(),
		Signals:    httpcheck.Signals(),
		Connect:    httpcheck.Connect,
		Outside:    true,
		Actions: []providers.ActionType{{
			Name: "http",
			Doc:  "Sends one HTTP request and fails if the answer's status is not one that is expected. It is never sent again by itself, and nothing undoes it. Rehearsals do not send it.",
			Schema: &schema.Block{
				Name: "http", Description: "One HTTP request.",
				Attributes: attributes(),
			},
			Example: `method = "POST"
url    = "https://lb.example.com/pools/orders/active"
headers = {
  "Content-Type" = "application/json"
}
body          = jsonencode({ site = "dc2" })
expect_status = [200, 204]`,
			Describe: describe,
			New:      func(env providers.Env) providers.Action { return &action{env} },
		}},
	}
}

func attributes() []schema.Attribute {
	return []schema.Attribute{
		{Name: "url", Type: cty.String, Required: true, Public: true, Description: "Where to send it. No credentials stand in it.", Example: `"https://lb.example.com/pools/orders/active"`},
		{Name: "method", Type: cty.String, Enum: methods, Default: cty.StringVal("GET"), Public: true, Description: "The method.", Example: `"POST"`},
		{Name: "headers", Type: cty.Map(cty.String), Description: "Header lines by name. Values may be sensitive.", Example: `{ "Content-Type" = "application/json" }`},
		{Name: "body", Type: cty.String, Description: "The body. It may be sensitive.", Example: `jsonencode({ site = "dc2" })`},
		{Name: "expect_status", Type: cty.List(cty.Number), Min: new(float64(100)), Max: new(float64(599)), Public: true, Description: "The statuses that count as success. Without it, 200 to 299.", Example: "[200, 204]"},
		{Name: "username", Type: cty.String, Public: true, Description: "The user to log in as, with HTTP Basic authentication.", Example: `"xdc"`},
		{Name: "password", Type: cty.String, Credential: true, Description: "That user's password.", Example: "var.password"},
		{Name: "ca_file", Type: cty.String, Form: schema.Path, Public: true, Description: "Certificates in PEM form of the authorities to trust in place of the system's.", Example: `"ca.pem"`},
		{Name: "server_name", Type: cty.String, Public: true, Description: "The name that the server's certificate is for, where it is not the host in the URL.", Example: `"lb.example.com"`},
		{Name: "insecure", Type: cty.Bool, Default: cty.False, Public: true, Description: "Whether to talk to a server whose certificate is not verified. Every plan that does is warned about.", Example: "false"},
	}
}

// arguments are what the action receives.
type arguments struct {
	URL             string                    `json:"url"`
	Method          string                    `json:"method"`
	Headers         map[string]providers.Text `json:"headers"`
	Body            providers.Text            `json:"body"`
	ExpectStatus    []int                     `json:"expect_status"`
	Username        string                    `json:"username"`
	Password        providers.Text            `json:"password"`
	PasswordFile    string                    `json:"password_file"`
	PasswordCommand []string                  `json:"password_command"`
	CAFile          string                    `json:"ca_file"`
	ServerName      string                    `json:"server_name"`
	Insecure        bool                      `json:"insecure"`
}

func decode(raw json.RawMessage) (*arguments, *url.URL, error) {
	a := &arguments{Method: http.MethodGet}
	if err := json.Unmarshal(raw, a); err != nil {
		return nil, nil, fmt.Errorf("read the arguments of the request: %w", err)
	}
	u, err := a.check()
	return a, u, err
}

// check finds what is wrong with the request as far as it alone says.
func (a *arguments) check() (*url.URL, error) {
	u, err := url.Parse(a.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("`url` is not one: write https://HOST/PATH")
	case u.User != nil:
		return nil, errors.New("`url` has credentials in it, which everybody can read: use `username` and `password`")
	case u.Scheme == "http" && (a.Username != "" || a.secret()):
		return nil, errors.New("`url` begins with http, and secrets are only sent over TLS: use https")
	case !slices.Contains(methods, a.Method):
		return nil, fmt.Errorf("the method %q is not one of %s", a.Method, strings.Join(methods, ", "))
	}
	for k := range a.Headers {
		if k == "" || strings.ContainsAny(k, " \t\r\n:") {
			return nil, fmt.Errorf("%q is not the name of a header line", k)
		}
	}
	return u, nil
}

func (a *arguments) secret() bool {
	for _, v := range a.Headers {
		if v.Slot != "" {
			return true
		}
	}
	return a.Body.Slot != ""
}

// describe is the dry run.
func describe(_ providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	a := &arguments{}
	if err := json.Unmarshal(raw, a); err != nil { // something in it is known only after the run has come there
		return providers.Description{SideEffects: true, Summary: "sends an HTTP request"}, nil
	}
	d := providers.Description{SideEffects: a.Method != http.MethodGet && a.Method != http.MethodHead && a.Method != http.MethodOptions}
	d.Summary = fmt.Sprintf("%s %s", a.Method, a.URL)
	var line strings.Builder
	line.WriteString(d.Summary)
	for _, k := range slices.Sorted(maps.Keys(a.Headers)) {
		fmt.Fprintf(&line, "  %s: %s", k, a.Headers[k])
	}
	if !a.Body.IsZero() {
		line.WriteString("  " + clip(a.Body.String()))
	}
	d.Effects = []providers.Line{{Text: line.String()}}
	var out diag.List
	if _, err := a.check(); err != nil && !strings.Contains(string(raw), "(known after run)") {
		out = out.Append(diag.Diagnostic{Severity: diag.Error, Code: diag.HTTPRequest, Summary: "The request cannot be sent", Detail: sentence(err.Error())})
	}
	if a.Insecure {
		out = out.Append(diag.Diagnostic{
			Severity: diag.Warning, Code: diag.ProviderInsecure, Summary: "The certificate of " + a.URL + " is not verified", Path: cty.GetAttrPath("insecure"),
			Detail: "Anybody in between can read what is sent and answer in the server's place. Give the authority's certificate as `ca_file` instead.",
		})
	}
	return d, out
}

func sentence(s string) string { return strings.TrimSuffix(s, ".") + "." }

// clip bounds what the dry run shows of a body, in bytes.
func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

// action sends the request.
type action struct{ env providers.Env }

var _ providers.Action = (*action)(nil)

// Check looks at the arguments and the files they name. It sends nothing.
func (a *action) Check(_ context.Context, _ providers.StepID, raw json.RawMessage) error {
	args, _, err := decode(raw)
	if err != nil {
		return err
	}
	pool, err := a.pool(args)
	if err != nil {
		return err
	}
	return pool.Close()
}

func (a *action) pool(args *arguments) (*https.Pool, error) {
	o := https.Options{Dial: a.env.Dial, ServerName: args.ServerName, Insecure: args.Insecure, Plain: true}
	if args.CAFile != "" {
		ca, err := a.env.ReadFile(args.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
		o.CA = ca
	}
	pool, err := https.NewPool(o)
	if err != nil {
		return nil, fmt.Errorf("use ca_file %s: %w", args.CAFile, err)
	}
	return pool, nil
}

// Do sends the request once.
func (a *action) Do(ctx context.Context, _ providers.StepID, raw json.RawMessage) (providers.ActionResult, error) {
	args, u, err := decode(raw)
	if err != nil {
		return providers.ActionResult{}, err
	}
	req, err := a.request(ctx, args, u)
	if err != nil {
		return providers.ActionResult{}, err
	}
	pool, err := a.pool(args)
	if err != nil {
		return providers.ActionResult{}, err
	}
	defer pool.Close() //nolint:errcheck // it never fails
	doing := fmt.Sprintf("send %s %s", args.Method, args.URL)
	got, err := pool.Do(ctx, req)
	if err != nil {
		var f *https.Failure
		if errors.As(err, &f) && f.Remedy() != "" {
			return providers.ActionResult{}, fmt.Errorf("%s: %w; %s", doing, err, f.Remedy())
		}
		return providers.ActionResult{}, fmt.Errorf("%s: %w", doing, err)
	}
	body := strings.ToValidUTF8(string(got.Body), string(utf8.RuneError))
	res := providers.ActionResult{StatusCode: &got.Status, Body: body}
	if !args.expected(got.Status) {
		return res, fmt.Errorf("%s: the server answered %d %s, and %s was expected: %s", doing, got.Status, http.StatusText(got.Status), args.wanted(), clip(body))
	}
	return res, nil
}

func (a *action) request(ctx context.Context, args *arguments, u *url.URL) (https.Request, error) {
	r := https.Request{Method: args.Method, URL: u, Header: http.Header{}, User: args.Username, Limit: maxAnswer}
	for _, k := range slices.Sorted(maps.Keys(args.Headers)) {
		v, err := args.Headers[k].Reveal(a.env)
		if err != nil {
			return r, fmt.Errorf("read the header %s: %w", k, err)
		}
		if strings.ContainsAny(v, "\r\n\x00") {
			return r, fmt.Errorf("the value of the header %s has a line break in it, which a header line cannot have", k)
		}
		r.Header.Set(k, v)
	}
	body, err := args.Body.Reveal(a.env)
	if err != nil {
		return r, fmt.Errorf("read the body: %w", err)
	}
	r.Body = []byte(body)
	src := credential.Source{Value: args.Password, File: args.PasswordFile, Command: args.PasswordCommand}
	if !src.IsZero() {
		if r.Password, err = src.Reveal(ctx, a.env); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (a *arguments) expected(status int) bool {
	if len(a.ExpectStatus) == 0 {
		return status >= 200 && status <= 299
	}
	return slices.Contains(a.ExpectStatus, status)
}

func (a *arguments) wanted() string {
	if len(a.ExpectStatus) == 0 {
		return "200 to 299"
	}
	parts := make([]string, len(a.ExpectStatus))
	for i, s := range a.ExpectStatus {
		parts[i] = fmt.Sprint(s)
	}
	return strings.Join(parts, " or ")
}
