package proxy

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/xdc-project/xdc/providers"
)

func TestThePlansProxyComesBeforeTheEnvironments(t *testing.T) {
	environment := func(text string) func(*url.URL) (*url.URL, error) {
		return func(u *url.URL) (*url.URL, error) {
			if u.Host != "streams:8443" {
				return nil, errors.New("another server")
			}
			if text == "" {
				return nil, nil
			}
			return url.Parse(text)
		}
	}
	for name, tc := range map[string]struct {
		args Args
		env  string
		none bool // the environment does not count
		want string
		user string
		says string
	}{
		"none":                            {},
		"the plan's":                      {args: Args{Proxy: "http://p:3128"}, env: "http://e:1", want: "p:3128"},
		"the plan's, with a login":        {args: Args{Proxy: "http://p", Username: "u", Password: providers.Text{Slot: "var.p"}}, want: "p:80", user: "u s3cret"},
		"the environment's":               {env: "http://e:1", want: "e:1"},
		"the environment's, with a login": {env: "http://a:b@e:1", want: "e:1", user: "a b"},
		"the environment does not count":  {env: "http://e:1", none: true},
		"none at all":                     {args: Args{Proxy: Direct}, env: "http://e:1"},
		"the environment's is no HTTP":    {env: "socks5://e:1", says: "use the proxy of the environment (HTTPS_PROXY) for streams:8443: a proxy is spoken to by http, not by socks5"},
		"no URL":                          {args: Args{Proxy: "p:3128"}, says: "`proxy` is"},
		"https":                           {args: Args{Proxy: "https://p:3128"}, says: "spoken to by http"},
		"a path":                          {args: Args{Proxy: "http://p:3128/x"}, says: "write http://HOST:PORT"},
		"credentials in it":               {args: Args{Proxy: "http://a:hunter2@p:3128"}, says: "use `proxy_username` and `proxy_password`"},
		"a user without a proxy":          {args: Args{Username: "u"}, says: "are for a `proxy`"},
		"a password without a user":       {args: Args{Proxy: "http://p", PasswordFile: "f"}, says: "has no `proxy_username`"},
	} {
		t.Run(name, func(t *testing.T) {
			var hidden []string
			env := providers.Env{Proxy: environment(tc.env), Secret: func(string) (string, error) { return "s3cret", nil }, Conceal: func(s string) { hidden = append(hidden, s) }}
			if tc.none {
				env.Proxy = nil
			}
			got, err := tc.args.For(env, "https://streams:8443")
			if (err == nil) != (tc.says == "") || err != nil && (!strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "hunter2")) {
				t.Fatalf("it says %v, want %q", err, tc.says)
			}
			if (got == nil) != (tc.want == "") || got != nil && got.Address != tc.want {
				t.Fatalf("got %+v, want %q", got, tc.want)
			}
			if tc.user == "" {
				return
			}
			u, p, err := got.Login(context.Background())
			if err != nil || u+" "+p != tc.user {
				t.Errorf("got %s %s, %v", u, p, err)
			}
			if tc.user == "a b" && (len(hidden) != 1 || hidden[0] != "b") {
				t.Errorf("hidden are %q", hidden)
			}
		})
	}
}
