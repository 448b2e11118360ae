// Package proxy reads how a plan says that HTTP services are reached: through a proxy, which one, and which services are
// not.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/credential"
	"github.com/xdc-project/xdc/providers/https"
)

// Direct is the value of `proxy` that uses none, whatever the environment says.
const Direct = "direct"

// Args are the arguments of a connection block.
type Args struct {
	Proxy           string         `json:"proxy"`
	NoProxy         []string       `json:"no_proxy"`
	Username        string         `json:"proxy_username"`
	Password        providers.Text `json:"proxy_password"`
	PasswordFile    string         `json:"proxy_password_file"`
	PasswordCommand []string       `json:"proxy_password_command"`
}

// Attributes are the schema of Args.
func Attributes() []schema.Attribute {
	return []schema.Attribute{
		{Name: "proxy", Type: cty.String, Public: true, Example: `"http://proxy.example.com:3128"`, Description: "An HTTP proxy through which the services are reached, by CONNECT: it sees neither requests nor credentials. `direct` uses none. Without it, the variables HTTPS_PROXY and NO_PROXY of the environment count, as usual; rehearsals and stand-ins use none."},
		{Name: "no_proxy", Type: cty.List(cty.String), Public: true, Example: `["dc1.example.com", "10.0.1.0/24"]`, Description: "Services that are reached without the proxy: names with all below them, addresses, and prefixes, each perhaps with a port."},
		{Name: "proxy_username", Type: cty.String, Public: true, Example: `"xdc"`, Description: "The user to log in to the proxy as."},
		{Name: "proxy_password", Type: cty.String, Credential: true, Example: "var.proxy_password", Description: "That user's password: a sensitive variable."},
	}
}

// Check finds what does not fit together.
func (a Args) Check() error {
	secret := !a.secret().IsZero()
	switch {
	case a.Proxy == "" || a.Proxy == Direct:
		if len(a.NoProxy) > 0 || a.Username != "" || secret {
			return errors.New("`no_proxy`, `proxy_username` and its password are for a `proxy`; give one, or remove them")
		}
		return nil
	case a.Username == "" && secret:
		return errors.New("`proxy_password` has no `proxy_username`; give both or neither")
	}
	_, user, err := https.ParseProxy(a.Proxy)
	if err != nil {
		return fmt.Errorf("`proxy` is %q: %w", withoutUser(a.Proxy), err)
	}
	if user != nil {
		return errors.New("`proxy` has credentials in it: use `proxy_username` and `proxy_password`")
	}
	return nil
}

func withoutUser(text string) string {
	if u, err := url.Parse(text); err == nil && u.User == nil {
		return text
	}
	return "..."
}

func (a Args) secret() credential.Source {
	return credential.Source{Value: a.Password, File: a.PasswordFile, Command: a.PasswordCommand}
}

// For returns the proxy for the services of a server: the plan's, else the environment's where it counts, else none.
func (a Args) For(env providers.Env, server string) (*https.Proxy, error) {
	if err := a.Check(); err != nil {
		return nil, err
	}
	switch a.Proxy {
	case Direct:
		return nil, nil //nolint:nilnil // no proxy is no error
	case "":
		return fromEnvironment(env, server)
	}
	address, _, err := https.ParseProxy(a.Proxy)
	if err != nil {
		return nil, err
	}
	p := &https.Proxy{Address: address, Passed: https.Unproxied(a.NoProxy)}
	if a.Username != "" {
		p.Login = func(ctx context.Context) (user, password string, err error) {
			password, err = a.secret().Reveal(ctx, env)
			return a.Username, password, err
		}
	}
	return p, nil
}

func fromEnvironment(env providers.Env, server string) (*https.Proxy, error) {
	if env.Proxy == nil {
		return nil, nil //nolint:nilnil // no proxy is no error
	}
	u, err := url.Parse(server)
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // whoever connects says what is wrong with it
	}
	got, err := env.Proxy(u)
	if err != nil || got == nil {
		return nil, err
	}
	address, user, err := https.ParseProxy(got.String())
	if err != nil {
		return nil, fmt.Errorf("use the proxy of the environment (HTTPS_PROXY) for %s: %w; say `proxy = %q` to use none", u.Host, err, Direct)
	}
	p := &https.Proxy{Address: address}
	if user != nil {
		password, _ := user.Password()
		if env.Conceal != nil && password != "" {
			env.Conceal(password)
		}
		p.Login = func(context.Context) (string, string, error) { return user.Username(), password, nil }
	}
	return p, nil
}
