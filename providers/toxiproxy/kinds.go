package toxiproxy

import (
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
)

// Bounds of what a plan may ask for.
const (
	longest = 600 * time.Second
	// longestReset is less, because toxiproxy cannot take a reset away while it waits.
	longestReset = 5 * time.Second
	// lowestRate is the least that toxiproxy can be told, in bytes a second: it counts in units of 1000.
	lowestRate = 1000
)

// kind is one fault type.
type kind struct {
	name, doc, example string
	stages             bool
	own                []schema.Attribute
	// typ is toxiproxy's word for it, and attributes its parameters.
	typ        string
	attributes func(a *arguments) map[string]int64
	// words says what it does to the traffic, for people.
	words func(a *arguments) string
	check func(a *arguments) diag.List // may be nil
	// off says that the proxy is switched off; the toxic is only a mark then, and does nothing.
	off bool
}

// kinds lists the faults in the order of documentation. A new one is a new entry.
func kinds() []kind {
	return []kind{latency(), bandwidth(), timeout(), reset(), slowClose(), limit(), down()}
}

func (k kind) faultType() providers.FaultType {
	return providers.FaultType{
		Name: k.name, Doc: k.doc + " It is not armed: if xdc dies, it stays until `xdc recover`. Rehearsals skip it.",
		Schema:   &schema.Block{Name: k.name, Description: k.doc, Attributes: append(selectors(k.off), k.own...)},
		Example:  k.example,
		Stages:   k.stages,
		Describe: k.describe,
		New:      func(env providers.Env) providers.Deed { return &deed{k, env} },
	}
}

const where = "target   = target.dc1\nproxies  = [\"orders_to_dc2\"]\n"

func latency() kind {
	return kind{
		name: "toxiproxy_latency", typ: "latency", stages: true,
		doc:     "Delays what passes through proxies, by a fixed time with or without a random part.",
		example: where + "latency  = \"200ms\"\njitter   = \"50ms\"\nduration = \"60s\"",
		own: []schema.Attribute{
			duration("latency", true, longest, "The delay, each way that `stream` covers.", `"200ms"`),
			duration("jitter", false, longest, "How much more or less than that it is, at random. At most the latency itself. Without it, 0s.", `"50ms"`),
		},
		attributes: func(a *arguments) map[string]int64 {
			return map[string]int64{"latency": ms(a.Latency), "jitter": ms(a.Jitter)}
		},
		words: func(a *arguments) string {
			if a.Jitter > 0 {
				return fmt.Sprintf("delayed by %s, plus or minus %s", a.Latency, a.Jitter)
			}
			return fmt.Sprintf("delayed by %s", a.Latency)
		},
		check: func(a *arguments) diag.List {
			out := append(within("latency", a.Latency.D(), time.Millisecond, longest), within("jitter", a.Jitter.D(), 0, longest)...)
			if a.Jitter > a.Latency {
				out = append(out, finding("jitter", "jitter is larger than latency", fmt.Sprintf("Nothing can arrive before it is sent: %s plus or minus %s. Make jitter at most the latency.", a.Latency, a.Jitter))...)
			}
			return out
		},
	}
}

func bandwidth() kind {
	return kind{
		name: "toxiproxy_bandwidth", typ: "bandwidth", stages: true,
		doc:     "Limits how many bytes a second pass through proxies, for each connection by itself.",
		example: where + "rate     = \"64KiB\"\nduration = \"60s\"",
		own: []schema.Attribute{{
			Name: "rate", Type: cty.Number, Form: schema.Size, Required: true, Min: new(float64(lowestRate)), Max: new(float64(1 << 50)), Public: true,
			Description: "How many bytes a second may pass in each connection, each way that `stream` covers. Toxiproxy counts in units of 1000 bytes a second: it is rounded down to one.",
			Example:     `"64KiB"`,
		}},
		attributes: func(a *arguments) map[string]int64 { return map[string]int64{"rate": int64(a.Rate) / 1000} },
		words: func(a *arguments) string {
			return fmt.Sprintf("limited to %d bytes a second in each connection", int64(a.Rate)/1000*1000)
		},
		check: func(a *arguments) diag.List {
			if !(a.Rate >= lowestRate && a.Rate <= 1<<50) {
				return finding("rate", "rate is out of bounds", fmt.Sprintf("Toxiproxy takes rates from %d bytes a second. Write \"64KiB\" or the like.", lowestRate))
			}
			return nil
		},
	}
}

func timeout() kind {
	return kind{
		name: "toxiproxy_timeout", typ: "timeout",
		doc:     "Lets nothing through proxies while their connections stay open, as when the other side hangs. The heal closes the connections that it held.",
		example: "target      = target.dc1\nproxies     = [\"orders_to_dc2\"]\nclose_after = \"30s\"\nduration    = \"60s\"",
		own: []schema.Attribute{
			duration("close_after", false, longest, "When such a connection is closed, counted from the last byte that came in. Without it, 0s: it stays open until the heal.", `"30s"`),
		},
		attributes: func(a *arguments) map[string]int64 { return map[string]int64{"timeout": ms(a.CloseAfter)} },
		words: func(a *arguments) string {
			if a.CloseAfter > 0 {
				return fmt.Sprintf("held back, and closed after %s without data", a.CloseAfter)
			}
			return "held back without an end"
		},
		check: func(a *arguments) diag.List { return within("close_after", a.CloseAfter.D(), 0, longest) },
	}
}

func reset() kind {
	return kind{
		name: "toxiproxy_reset", typ: "reset_peer",
		doc:     "Resets connections through proxies (TCP RST) as soon as data comes. Connections from before the fault are closed instead.",
		example: where + "after    = \"100ms\"\nduration = \"60s\"",
		own: []schema.Attribute{
			duration("after", false, longestReset, "How long after the first data it resets. Without it, 0s.", `"100ms"`),
		},
		attributes: func(a *arguments) map[string]int64 { return map[string]int64{"timeout": ms(a.After)} },
		words: func(a *arguments) string {
			if a.After > 0 {
				return fmt.Sprintf("reset %s after the first data", a.After)
			}
			return "reset at the first data"
		},
		check: func(a *arguments) diag.List { return within("after", a.After.D(), 0, longestReset) },
	}
}

func slowClose() kind {
	return kind{
		name: "toxiproxy_slow_close", typ: "slow_close",
		doc:     "Passes the end of a connection on late, so that one side believes in a connection that the other has left.",
		example: "target      = target.dc1\nproxies     = [\"orders_to_dc2\"]\nclose_delay = \"5s\"\nduration    = \"60s\"",
		own:     []schema.Attribute{duration("close_delay", true, longest, "How late the end is passed on.", `"5s"`)},
		attributes: func(a *arguments) map[string]int64 {
			return map[string]int64{"delay": ms(a.CloseDelay)}
		},
		words: func(a *arguments) string { return fmt.Sprintf("closed %s late", a.CloseDelay) },
		check: func(a *arguments) diag.List {
			return within("close_delay", a.CloseDelay.D(), time.Millisecond, longest)
		},
	}
}

func limit() kind {
	return kind{
		name: "toxiproxy_limit", typ: "limit_data",
		doc:     "Closes connections through proxies when so many bytes have passed, as when a transfer is cut off in the middle.",
		example: where + "bytes    = \"64KiB\"\nduration = \"60s\"",
		own: []schema.Attribute{{
			Name: "bytes", Type: cty.Number, Form: schema.Size, Required: true, Min: new(float64(1)), Max: new(float64(1 << 50)), Public: true,
			Description: "How many bytes pass in each connection, each way that `stream` covers, before it is closed. Bytes from before the fault do not count.",
			Example:     `"64KiB"`,
		}},
		attributes: func(a *arguments) map[string]int64 { return map[string]int64{"bytes": int64(a.Bytes)} },
		words:      func(a *arguments) string { return fmt.Sprintf("closed after %d bytes", int64(a.Bytes)) },
		check: func(a *arguments) diag.List {
			if !(a.Bytes >= 1 && a.Bytes <= 1<<50) {
				return finding("bytes", "bytes is out of bounds", "It is at least 1 byte. Write \"64KiB\" or the like.")
			}
			return nil
		},
	}
}

func down() kind {
	return kind{
		name: "toxiproxy_down", typ: "noop", off: true,
		doc:        "Switches proxies off: their connections are closed, and new ones are refused. A toxic that does nothing marks the proxy as switched off by the run.",
		example:    where + "duration = \"60s\"",
		attributes: func(*arguments) map[string]int64 { return map[string]int64{} },
		words:      func(*arguments) string { return "closed and refused" },
	}
}
