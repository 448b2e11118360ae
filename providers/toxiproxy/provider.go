// Package toxiproxy has faults that a toxiproxy between the application and its peer carries out: they need no root
// and no SSH, only a proxy that the traffic already goes through.
//
// It neither starts toxiproxy nor makes proxies. Toxiproxy has no leases, so nothing here can be armed: what a dead run
// leaves behind stays until `xdc recover`.
package toxiproxy

import (
	"encoding/json"
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
)

// Name is the provider's name in plans.
const Name = "toxiproxy"

// Provider describes everything this package does.
func Provider() *providers.Provider {
	p := &providers.Provider{
		Name: Name,
		Doc: "Faults on TCP connections that go through a toxiproxy (https://github.com/Shopify/toxiproxy) of version 2. " +
			"They need no privileges on any host. Toxiproxy keeps no leases: if xdc dies, a fault stays until `xdc recover`.",
		Connection: &schema.Block{
			Name:        Name,
			Description: "How to reach the HTTP interface of the toxiproxy of a target.",
			Attributes:  connectionAttributes(),
		},
		Connect: func(env providers.Env, t providers.Target, args json.RawMessage) (providers.Session, error) {
			return newSession(env, t, args)
		},
	}
	for _, k := range kinds() {
		p.Faults = append(p.Faults, k.faultType())
	}
	return p
}

func connectionAttributes() []schema.Attribute {
	return []schema.Attribute{
		{Name: "url", Type: cty.String, Required: true, Public: true, Example: `"http://proxy.dc1.example.com:8474"`, Description: "The root of the HTTP interface. No credentials stand in it."},
		{Name: "username", Type: cty.String, Public: true, Example: `"xdc"`, Description: "The user to log in as, with HTTP Basic authentication. Toxiproxy itself has no users: this is for a web server in front of it. It needs https."},
		{Name: "password", Type: cty.String, Credential: true, Example: "var.password", Description: "That user's password: a sensitive variable."},
		{Name: "ca_file", Type: cty.String, Form: schema.Path, Public: true, Example: `"ca.pem"`, Description: "Certificates in PEM form of the authorities to trust in place of the system's, where the URL begins with https."},
		{Name: "server_name", Type: cty.String, Public: true, Example: `"proxy.example.com"`, Description: "The name that the server's certificate is for, where it is not the host in the URL."},
		{Name: "insecure", Type: cty.Bool, Default: cty.False, Public: true, Example: "false", Description: "Whether to talk to a server whose certificate is not verified. Every plan that does is warned about."},
		{Name: "timeout", Type: cty.String, Form: schema.Duration, Default: cty.StringVal("10s"), Public: true, Min: new(0.001), Max: new(float64(600)), Example: `"10s"`, Description: "How long one call may take."},
	}
}

// decode reads arguments that the schema has checked already.
func decode(args json.RawMessage, into any) error {
	if len(args) == 0 {
		return nil
	}
	if err := json.Unmarshal(args, into); err != nil {
		return fmt.Errorf("read the arguments: %w", err)
	}
	return nil
}
