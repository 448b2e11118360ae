package schema

import "github.com/zclconf/go-cty/cty"

// Target is the block `target "NAME" {}` without its connection blocks, which providers bring.
func Target() Block {
	toolkit := ToolkitSettings()
	toolkit.Description = "What the cross data center failover toolkit is configured with at this target, where a job's own `toolkit` block does not say."
	return Block{
		Name: "target", Labels: []string{"name"},
		Description: "A data centre. Inside stand the connection blocks of providers (`streams`, `prometheus` ...), its hosts, and its networks.",
		Attributes: []Attribute{
			{
				Name: "networks", Type: cty.List(cty.String), Form: Network, Public: true,
				Description: "The address ranges of the data centre, as CIDR prefixes. Network faults between data centres are made of them, and rehearsals place hosts in them.",
				Example:     `["10.0.1.0/24"]`,
			},
			{
				Name: "protected", Type: cty.Bool, Default: cty.False, Public: true,
				Description: "Whether a run that touches the target must be confirmed by its name with `--confirm`.",
				Example:     "true",
			},
		},
		Blocks: []Nested{{Block: Host()}, {Block: toolkit, Max: 1}, {Block: targetTwin(), Max: 1}},
	}
}

// Host is the block `host "NAME" {}` inside a target.
func Host() Block {
	return Block{
		Name: "host", Labels: []string{"name"},
		Description: "A machine of the data centre on which faults and commands can act, over SSH.",
		Attributes: []Attribute{
			{
				Name: "address", Type: cty.String, Required: true, Public: true,
				Description: "The IP address or host name by which the machine is reached.",
				Example:     `"10.0.1.10"`,
			},
			{
				Name: "port", Type: cty.Number, Default: cty.NumberIntVal(22), Min: new(float64(1)), Max: new(float64(65535)), Public: true,
				Description: "The TCP port of its SSH server.",
				Example:     "22",
			},
			{
				Name: "user", Type: cty.String, Public: true,
				Description: "The user to log in as. Without it, what ~/.ssh/config says, else the local user's name.",
				Example:     `"xdc"`,
			},
			{
				Name: "identity_file", Type: cty.String, Form: Path, Public: true,
				Description: "The private key to log in with. Without it, the agent and what ~/.ssh/config says.",
				Example:     `"~/.ssh/id_ed25519"`,
			},
			{
				Name: "certificate_file", Type: cty.String, Form: Path, Public: true,
				Description: "The certificate that belongs to the private key, if the servers ask for one.",
				Example:     `"~/.ssh/id_ed25519-cert.pub"`,
			},
			{
				Name: "passphrase", Type: cty.String, Credential: true,
				Description: "The passphrase of the private key.",
				Example:     "var.passphrase",
			},
			{
				Name: "become", Type: cty.String, Enum: []string{"", "sudo", "doas"}, Default: cty.StringVal(""), Public: true,
				Description: "How to gain the privileges that faults need: `sudo`, `doas`, or nothing when the user has them.",
				Example:     `"sudo"`,
			},
			{
				Name: "jump", Type: cty.List(cty.String), Public: true,
				Description: "Hosts to go through, in order, each as `USER@ADDRESS:PORT` with user and port optional.",
				Example:     `["gate.example.com"]`,
			},
			{
				Name: "known_hosts", Type: cty.String, Form: Path, Default: cty.StringVal("~/.ssh/known_hosts"), Public: true,
				Description: "The file that holds the machine's host key.",
				Example:     `"known_hosts"`,
			},
			{
				Name: "verify_host_key", Type: cty.Bool, Default: cty.True, Public: true,
				Description: "Whether the host key must be known. Switching this off lets anybody in between read and change what is done; every plan that does is warned about.",
				Example:     "true",
			},
			{
				Name: "interface", Type: cty.String, Public: true,
				Description: "The network interface that faults act on. Without it, the one that the route to the other side uses.",
				Example:     `"eth0"`,
			},
		},
	}
}
