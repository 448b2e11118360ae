package scenario

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/lang/diag"
)

func (im *importer) monitoring(n *node) {
	c := &im.cfg
	c.poll = im.seconds(n.get("metrics_collection_interval_seconds"))
	im.prometheus(im.section(n.get("prometheus")))
	jmx := im.section(n.get("jmx"))
	if jmx == nil {
		return
	}
	if on, given := im.boolean(jmx.get("enabled")); given && !on {
		jmx.all()
		im.leave(jmx, diag.ImportLeftOut, "jmx is switched off", "So nothing is made of it.")
		return
	}
	for _, d := range []int{0, 1} {
		name := c.dcs[d].name
		at := jmx.get(name + "_host")
		host, port := im.str(at), im.str(jmx.get(name+"_port"))
		if host == "" {
			continue
		}
		if port != "" {
			port = ":" + port
		}
		c.dcs[d].head = append(c.dcs[d].head, im.decide(at, "JMX is read over HTTP",
			fmt.Sprintf("The config names the JMX server %s%s. xdc does not speak JMX's own protocol; it reads a Jolokia agent, whose HTTP address the config does not have. Add a jolokia block if signals of it are needed.", shown(host), shown(port))))
	}
}

func (im *importer) prometheus(n *node) {
	if n == nil {
		return
	}
	user := im.str(n.get("username"))
	insecure := false
	if ok, given := im.boolean(n.get("verify_ssl")); given {
		insecure = !ok
	}
	password := ""
	if at := n.get("password"); at != nil {
		if at.scalar {
			password = im.secret(at, "prometheus_password", "Password of the Prometheus user.")
		} else {
			im.shape(at, "a text")
		}
	}
	for i := range im.cfg.dcs {
		d := &im.cfg.dcs[i]
		at := n.get(d.name + "_url")
		address := strings.TrimSpace(im.str(at))
		if address == "" {
			continue
		}
		if u, err := url.Parse(address); err == nil && u.User != nil {
			im.plain(at, "prometheus_password")
			u.User = nil
			address = u.String()
		}
		attrs := []attribute{{"url", quote(address)}}
		if user != "" {
			attrs = append(attrs, attribute{"username", quote(user)})
		}
		if password != "" {
			attrs = append(attrs, attribute{"password", "var." + password})
		}
		if insecure {
			attrs = append(attrs, attribute{"insecure", "true"})
		}
		note := fmt.Sprintf("The config names the Prometheus server %s of this data centre. Nothing in the plan reads it yet: say which queries are wanted.", shown(address))
		if block, ok := im.connection("prometheus", attrs); ok {
			d.more = append(d.more, im.decide(at, "What is Prometheus asked", note)+block)
		} else {
			d.head = append(d.head, im.say(at, diag.ImportUnsupported, "Prometheus is not asked", note+" This version of xdc has no prometheus block, or one that needs more than the config says."))
		}
	}
	if !strings.Contains(strings.Join(im.cfg.dcs[0].more, "")+strings.Join(im.cfg.dcs[1].more, ""), "var."+password) && password != "" {
		im.variables = slices.DeleteFunc(im.variables, func(v variable) bool { return v.name == password })
		delete(im.vars, password)
	}
}

// attribute is an argument and its expression.
type attribute struct{ name, expr string }

// connection is a connection block, if there is one that takes these arguments and needs no others.
func (im *importer) connection(name string, attrs []attribute) (string, bool) {
	if im.opt.Catalog == nil {
		return "", false
	}
	block, ok := im.opt.Catalog.Connection(name)
	if !ok {
		return "", false
	}
	var text strings.Builder
	text.WriteString(name + " {\n")
	for _, a := range attrs {
		if _, ok := block.Attribute(a.name); !ok {
			return "", false
		}
		text.WriteString(a.name + " = " + a.expr + "\n")
	}
	for _, a := range block.Attributes {
		if a.Required && !slices.ContainsFunc(attrs, func(g attribute) bool { return g.name == a.Name }) {
			return "", false
		}
	}
	for _, b := range block.Blocks {
		if b.Min > 0 {
			return "", false
		}
	}
	return text.String() + "}\n", true
}

func (im *importer) toolkit(n *node) {
	c := &im.cfg
	for i, key := range []string{"local_dc_name", "remote_dc_name"} {
		if at := n.get(key); at != nil {
			if name := im.str(at); name != "" {
				c.dcs[i].head = append(c.dcs[i].head, comment(fmt.Sprintf("The toolkit calls this data centre %s.", shown(name))))
			}
		}
	}
	if at := n.get("operation_mode"); at != nil {
		mode := im.word(at, "1", "0", "active", "passive")
		c.passive = mode == "0" || mode == "passive"
	}
	if at := n.get("status_stream_name"); at != nil {
		if s := im.str(at); s != "" && s != "RemoteDataCenterStatus" {
			im.leave(at, diag.ImportDecide, "The status stream has another name", "xdc finds the toolkit's operators by the names they have in the toolkit. If the application renames them, state `composite` in the job's toolkit block.")
		} else if s != "" {
			im.leave(at, diag.ImportLeftOut, "status_stream_name is not needed", "xdc knows the toolkit's streams by name.")
		}
	}
	if at := n.get("status_check_interval_seconds"); at != nil {
		im.leave(at, diag.ImportLeftOut, "status_check_interval_seconds is not needed", "What xdc says about the toolkit follows from what it observes; how often it observes is poll_interval in the streams block.")
	}
	if at := n.get("log_search_keywords"); at != nil {
		at.all()
		im.leave(at, diag.ImportUnsupported, "Logs are not searched for words", "xdc infers the state of the toolkit from metrics, health and the flow of data. If a line in a log matters, fetch it with an action.")
	}
	if at := n.get("monitoring_enabled"); at != nil {
		if on, given := im.boolean(at); given && !on {
			im.leave(at, diag.ImportDecide, "The toolkit was not watched", "The plan watches it all the same: that is how it sees a takeover.")
		} else if given {
			im.leave(at, diag.ImportLeftOut, "monitoring_enabled is not needed", "A plan watches the toolkit always.")
		}
	}
}
