package scenario

import (
	"fmt"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/diag"
)

// config is what the framework's config says, in the words of a plan.
type config struct {
	dcs         [2]dc
	credentials map[string]*credential
	// passive says that the second side only watches.
	passive bool
	// batchMost is how many records a request may have; nought if that is not said.
	batchMost int64
	format    string
	exchange  time.Duration // how long a request to the data service may take
	// where the config says so; nil if it does not
	batchAt, formatAt, exchangeAt *node
	settle                        time.Duration
	settleAt                      *node
	poll                          time.Duration
}

// credential is an entry of `credentials`.
type credential struct {
	node *node
	used bool
}

// dc is a data centre. The first is the framework's primary, the second its secondary.
type dc struct {
	name, other string
	url         string
	domain      string
	instance    string
	username    string
	insecure    bool
	networks    []string
	hosts       []*host
	// head are comments in the target, inside those in its streams block, more its other connection blocks.
	head, inside, more []string
}

// side is the index of a data centre's name, or -1.
func side(text string) int {
	low := strings.ToLower(text)
	switch {
	case strings.Contains(low, "secondary"):
		return 1
	case strings.Contains(low, "primary"):
		return 0
	}
	return -1
}

// config reads the config; d may be nil.
func (im *importer) config(d *document) {
	c := &im.cfg
	c.dcs = [2]dc{{name: "primary", other: "secondary"}, {name: "secondary", other: "primary"}}
	c.credentials = map[string]*credential{}
	var root *node
	if d != nil {
		root = d.root
	}
	creds := im.section(root.get("credentials"))
	if creds != nil {
		for _, k := range creds.order {
			kid := creds.get(k)
			if kid == nil {
				continue
			}
			if !kid.scalar {
				im.shape(kid, "a text")
				continue
			}
			c.credentials[k] = &credential{node: kid}
		}
	}
	dcs := im.section(root.get("datacenters"))
	for i := range c.dcs {
		im.dataCentre(&c.dcs[i], im.section(dcs.get(c.dcs[i].name)))
	}
	im.exchange(im.section(root.get("data_exchange")))
	handler := im.section(root.get("data_handler"))
	c.settleAt = handler.get("validation_timeout_seconds")
	c.settle = im.seconds(c.settleAt)
	if n := handler.get("storage_dir"); n != nil {
		im.leave(n, diag.ImportLeftOut, "storage_dir is a flag", fmt.Sprintf("Runs are kept in .xdc/runs, or elsewhere with `xdc apply --run-dir %s`.", shown(im.str(n))))
	}
	im.faultInjection(im.section(root.get("fault_injection")))
	im.monitoring(im.section(root.get("monitoring")))
	im.toolkit(im.section(root.get("crossdc_toolkit")))
	if n := root.get("logging"); n != nil {
		n.all()
		im.leave(n, diag.ImportLeftOut, "logging has no counterpart", "Every run keeps its events; logs for developers are a flag, --log-level.")
	}
}

func (im *importer) exchange(n *node) {
	c := &im.cfg
	c.exchangeAt, c.batchAt, c.formatAt = n.get("endpoint_timeout_seconds"), n.get("max_batch_size"), n.get("default_format")
	c.exchange = im.seconds(c.exchangeAt)
	c.batchMost, _ = im.wholeNumber(c.batchAt, 1e6)
	c.format = im.word(c.formatAt, "json", "csv")
}

// settle does what can be done only when both files are read: networks that nobody states, credentials that nobody
// uses.
func (im *importer) settle() {
	c := &im.cfg
	for i := range c.dcs {
		d := &c.dcs[i]
		if len(d.networks) == 0 {
			// Networks for documentation (RFC 5737): nobody's, so nothing is cut by mistake.
			d.networks = []string{[]string{"192.0.2.0/24", "198.51.100.0/24"}[i]}
			d.head = append(d.head, im.say(nil, diag.ImportMissing, fmt.Sprintf("The network of %s is not known", d.name),
				fmt.Sprintf("The config has no fault_injection.network.%s_network. The one in the plan is made up. Replace it.", d.name)))
		}
		if c.exchange > 0 {
			if block, ok := im.connection("data_exchange", []attribute{{"timeout", quote(duration(c.exchange))}}); ok {
				d.more = append(d.more, block)
			} else if i == 0 {
				im.leave(c.exchangeAt, diag.ImportUnsupported, "endpoint_timeout_seconds is not taken over", "This version of xdc has no such limit.")
			}
		}
	}
	for _, at := range []*node{c.batchAt, c.formatAt, c.settleAt} {
		if at != nil && im.sc.data == nil && !at.whole {
			im.leave(at, diag.ImportLeftOut, lastKey(at)+" is not needed", "The scenario puts no data in (pre_failover_data).")
		}
	}
	for _, name := range sortedKeys(c.credentials) {
		if cred := c.credentials[name]; !cred.used {
			if strings.HasPrefix(strings.TrimSpace(cred.node.text), "$ENV:") {
				im.leave(cred.node, diag.ImportLeftOut, "The credential is not used", "Nothing in the plan needs it.")
			} else {
				im.leave(cred.node, diag.ImportSecret, "A secret in plain text", "It was not copied, and nothing in the plan needs it. Take it out of the file, and change it.")
			}
		}
	}
}
