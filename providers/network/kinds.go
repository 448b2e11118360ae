package network

import (
	"fmt"
	"strconv"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

// kinds lists the faults in the order of documentation. A new one is a new entry.
func kinds() []kind { return []kind{partition(), loss(), latency(), bandwidth(), blackhole()} }

func partition() kind {
	return kind{
		name:   "network_partition",
		doc:    "Drops or rejects traffic between hosts of a target and other networks, in one direction or both. Stages change which, and whether the other side is told, without healing in between.",
		stages: true,
		example: `hosts    = [target.dc1.host.edge]
from     = target.dc2.networks
duration = "60s"`,
		own: []schema.Attribute{{
			Name: "reject", Type: cty.Bool, Default: cty.False, Public: true,
			Description: "Whether the other side is told (connection refused) instead of hearing nothing. Refused connections fail at once; dropped ones time out.",
			Example:     "true",
		}},
		effect: func(a *arguments, r *providers.LinkRule) { r.Drop, r.Reject = !a.Reject, a.Reject },
		words: func(a *arguments) string {
			if a.Reject {
				return "rejected"
			}
			return "dropped"
		},
	}
}

func loss() kind {
	return kind{
		name:   "network_loss",
		doc:    "Loses a share of the packets between hosts of a target and other networks, at random.",
		stages: true,
		example: `hosts    = [target.dc1.host.edge]
from     = target.dc2.networks
loss     = "10%"
duration = "60s"`,
		own: []schema.Attribute{{
			Name: "loss", Type: cty.Number, Form: schema.Percent, Required: true, Min: new(float64(0)), Max: new(float64(1)), Public: true,
			Description: "The share of packets that is lost.",
			Example:     `"10%"`,
		}},
		effect: func(a *arguments, r *providers.LinkRule) { r.Loss = a.Loss },
		words: func(a *arguments) string {
			return "loses " + strconv.FormatFloat(a.Loss*100, 'g', 6, 64) + "% of its packets"
		},
		check: func(a *arguments) diag.List {
			if a.Loss <= 0 {
				return nothing("loss", "a loss of 0% loses nothing")
			}
			return nil
		},
	}
}

func latency() kind {
	return kind{
		name:   "network_latency",
		doc:    "Delays packets between hosts of a target and other networks, by a fixed time with or without a random part.",
		stages: true,
		example: `hosts    = [target.dc1.host.edge]
from     = target.dc2.networks
latency  = "200ms"
jitter   = "50ms"
duration = "60s"`,
		own: []schema.Attribute{
			{
				Name: "latency", Type: cty.String, Form: schema.Duration, Required: true, Public: true, Max: new(float64(600)),
				Description: "The delay added to each packet, each way that `direction` covers.",
				Example:     `"200ms"`,
			},
			{
				Name: "jitter", Type: cty.String, Form: schema.Duration, Default: cty.StringVal("0s"), Public: true, Max: new(float64(600)),
				Description: "How much more or less than that it is, at random. At most the latency itself.",
				Example:     `"50ms"`,
			},
		},
		lay:   queues,
		means: "queues of tc (htb, netem) on the interfaces that lead there, with a table of nftables that picks the packets",
		effect: func(a *arguments, r *providers.LinkRule) {
			r.LatencyMS, r.JitterMS = a.Latency.D().Seconds()*1000, a.Jitter.D().Seconds()*1000
		},
		words: func(a *arguments) string {
			if a.Jitter > 0 {
				return fmt.Sprintf("delayed by %s, plus or minus %s", a.Latency, a.Jitter)
			}
			return fmt.Sprintf("delayed by %s", a.Latency)
		},
		check: func(a *arguments) diag.List {
			switch {
			case a.Latency <= 0:
				return nothing("latency", "a latency of zero delays nothing")
			case a.Jitter > a.Latency:
				return finding(diag.NetworkSelectors, "jitter", "jitter is larger than latency",
					fmt.Sprintf("Packets cannot arrive before they are sent: %s plus or minus %s. Make jitter at most the latency.", a.Latency, a.Jitter))
			}
			return nil
		},
	}
}

func bandwidth() kind {
	return kind{
		name:   "network_bandwidth",
		doc:    "Limits how many bytes a second pass between hosts of a target and other networks.",
		stages: true,
		example: `hosts    = [target.dc1.host.edge]
from     = target.dc2.networks
rate     = "64KiB"
duration = "60s"`,
		own: []schema.Attribute{{
			Name: "rate", Type: cty.Number, Form: schema.Size, Required: true, Min: new(float64(1)), Max: new(float64(1 << 50)), Public: true,
			Description: "How many bytes a second may pass, each way that `direction` covers: \"64KiB\" is 524,288 bits a second.",
			Example:     `"64KiB"`,
		}},
		effect: func(a *arguments, r *providers.LinkRule) { r.RateBPS = max(int64(a.Rate*8), 1) },
		words: func(a *arguments) string {
			return "limited to " + value.FormatSize(int64(a.Rate)) + " a second"
		},
	}
}

// selectors are the arguments that say which traffic is meant; all faults share them.
func selectors() []schema.Attribute {
	return []schema.Attribute{
		{
			Name: "hosts", Type: cty.List(cty.String), Form: schema.HostRef, Required: true, Public: true,
			Description: "The hosts at which the fault acts; directions are as seen from them. List every host of the data centre over which the application talks to the other side.",
			Example:     "[target.dc1.host.edge]",
		},
		{
			Name: "from", Type: cty.List(cty.String), Form: schema.Network, Required: true, Public: true,
			Description: "The other side: the networks to and from which traffic is affected.",
			Example:     "target.dc2.networks",
		},
		{
			Name: "direction", Type: cty.String, Enum: []string{"both", "in", "out"}, Default: cty.StringVal("both"), Public: true,
			Description: "Which traffic is affected, as seen from `hosts`: `in` is what the other side sends (or opens, see `match`), `out` what the hosts do.",
			Example:     `"in"`,
		},
		{
			Name: "ports", Type: cty.List(cty.Number), Public: true, Min: new(float64(1)), Max: new(float64(65535)),
			Description: "Only connections to these destination ports. Without it, all.",
			Example:     "[25091]",
		},
		{
			Name: "protocol", Type: cty.String, Enum: []string{"all", "tcp", "udp", "icmp"}, Default: cty.StringVal("all"), Public: true,
			Description: "Only this protocol. With `ports` it is tcp and udp, or one of them.",
			Example:     `"tcp"`,
		},
		{
			Name: "match", Type: cty.String, Enum: []string{"connections", "packets"}, Default: cty.StringVal("connections"), Public: true,
			Description: "Whether `direction` speaks of who opened a connection (so that a one-way cut does not kill the replies of the other way) or of single packets.",
			Example:     `"packets"`,
		},
	}
}
