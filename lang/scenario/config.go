package scenario

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
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

// host is a machine.
type host struct {
	name    string // in the plan
	given   string // in the config
	address string
	port    int64
	user    string
	key     string
	iface   string
	notes   []string
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

func (im *importer) dataCentre(d *dc, n *node) {
	d.username = im.opt.Username
	if n == nil {
		d.url = "https://streams." + d.name + ".invalid:8443"
		d.inside = append(d.inside, comment("TODO(you): The config does not name this data centre. Its address is made up."))
		return
	}
	im.address(d, n)
	token := n.get("auth_token")
	password := d.name + "_password"
	where := fmt.Sprintf("Password of the Streams user in %s.", d.name)
	if token != nil {
		if !token.scalar {
			im.shape(token, "a text")
		} else {
			im.token(token, password)
		}
		if d.username == "" {
			d.inside = append(d.inside, im.decide(token, "Who logs in",
				"The framework sent a bearer token. The platform takes a user name and a password: write username = \"...\" here. The password is asked for when the plan is run."))
		}
	} else {
		d.inside = append(d.inside, im.say(n, diag.ImportMissing, "Nothing says how to log in", "The platform takes a user name and a password. Write username = \"...\" here. The password is asked for when the plan is run."))
	}
	im.variable(password, d.name, where)
	if ok, given := im.boolean(n.get("verify_ssl")); given && !ok {
		d.insecure = true
		d.inside = append(d.inside, im.decide(n.kids["verify_ssl"], "The server's certificate is not verified",
			"The plan does as the config says, and warns each time. Better: export the authority's certificate, name it in ca_file, and take insecure away."))
	}
	d.domain = im.str(n.get("domain_id"))
	d.instance = im.str(n.get("instance_id"))
}

// token takes notice of a bearer token, which no plan has a use for.
func (im *importer) token(n *node, password string) {
	text := strings.TrimSpace(n.text)
	if cred, ok := strings.CutPrefix(text, "$CRED:"); ok {
		c, ok := im.cfg.credentials[cred]
		if !ok {
			return
		}
		c.used = true
		n, text = c.node, strings.TrimSpace(c.node.text)
	}
	if !strings.HasPrefix(text, "$ENV:") {
		im.plain(n, password)
	}
}

// address is the URL of the REST API.
func (im *importer) address(d *dc, n *node) {
	at := n.get("api_url")
	text := strings.TrimSpace(im.str(at))
	d.url = text
	u, err := url.Parse(text)
	if text == "" || err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		place, why := at, "It is no address of an HTTPS server."
		if at == nil {
			place, why = n, "The config has no api_url for it."
		}
		d.url = "https://streams." + d.name + ".invalid:8443"
		d.inside = append(d.inside, im.say(place, diag.ImportMissing, "The address of the Streams REST API is not known", why+" The one in the plan is made up. Replace it."))
		return
	}
	if u.User != nil {
		if name := u.User.Username(); name != "" && d.username == "" {
			d.username = name
		}
		if _, ok := u.User.Password(); ok {
			im.plain(at, d.name+"_password")
		}
		u.User = nil
		d.url = u.String()
	}
	if u.RawQuery != "" || u.Fragment != "" {
		u.RawQuery, u.Fragment = "", ""
		d.url = u.String()
		im.leave(at, diag.ImportShape, "The address has more than a path", "What follows ? or # in it was left out.")
	}
	switch {
	case u.Scheme == "http":
		u.Scheme = "https"
		d.url = u.String()
		d.inside = append(d.inside, im.decide(at, "The address is not HTTPS", "The platform's REST API is served over TLS only, so the plan says https. Check the port."))
	case strings.Trim(u.Path, "/") != "" && strings.Trim(u.Path, "/") != "streams/resources":
		d.inside = append(d.inside, im.decide(at, "The address has a path of its own",
			"The platform's REST API begins at /streams/resources, and https://HOST:PORT is enough. Keep the path only if a gateway stands in front of it."))
	}
}

func (im *importer) exchange(n *node) {
	c := &im.cfg
	c.exchangeAt, c.batchAt, c.formatAt = n.get("endpoint_timeout_seconds"), n.get("max_batch_size"), n.get("default_format")
	c.exchange = im.seconds(c.exchangeAt)
	c.batchMost, _ = im.wholeNumber(c.batchAt, 1, 1e6)
	c.format = im.word(c.formatAt, "json", "csv")
}

func (im *importer) faultInjection(n *node) {
	c := &im.cfg
	network := im.section(n.get("network"))
	for i, key := range []string{"primary_network", "secondary_network"} {
		if at := network.get(key); at != nil {
			c.dcs[i].networks = im.networks(at)
		}
	}
	for _, key := range []string{"tc_available", "iptables_available"} {
		if at := network.get(key); at != nil {
			if ok, given := im.boolean(at); given && !ok {
				im.leave(at, diag.ImportDecide, key+" is false", "xdc looks for itself which tools a host has: `xdc doctor` and the preflight of `xdc apply` say so. Its faults may need this one.")
			} else if given {
				im.leave(at, diag.ImportLeftOut, key+" is not needed", "xdc looks for itself which tools a host has.")
			}
		}
	}
	interfaces := im.section(network.get("interfaces"))
	ssh := im.section(n.get("ssh"))
	if at := ssh.get("connection_timeout"); at != nil {
		im.leave(at, diag.ImportLeftOut, "connection_timeout is not needed", "xdc has limits of its own for connections over SSH.")
	}
	im.sshPassword(ssh)
	user, key := im.str(ssh.get("username")), im.str(ssh.get("private_key_path"))
	hosts := im.section(ssh.get("hosts"))
	if hosts != nil {
		for _, name := range hosts.order {
			im.host(hosts.get(name), hosts.kids[name], name, user, key, interfaces)
		}
	}
	if interfaces != nil {
		for _, name := range interfaces.order {
			if kid := interfaces.kids[name]; !kid.read {
				kid.all()
				im.leave(kid, diag.ImportUnsupported, fmt.Sprintf("There is no host %s", shown(name)), "fault_injection.ssh.hosts has no host of this name, so its interface is of no use.")
			}
		}
	}
}

// sshPassword takes notice of a password for SSH, which xdc does not take.
func (im *importer) sshPassword(n *node) {
	at := n.get("password")
	if at == nil {
		return
	}
	at.all()
	detail := "xdc logs in over SSH with a key or an agent, never with a password. Give the user a key, and name it in identity_file where the agent does not have it."
	if text := strings.TrimSpace(at.text); strings.HasPrefix(text, "$CRED:") {
		if c := im.cfg.credentials[strings.TrimPrefix(text, "$CRED:")]; c != nil {
			c.used = true
			if !strings.HasPrefix(strings.TrimSpace(c.node.text), "$ENV:") {
				detail += " The password stands in plain text under credentials: take it out, and change it."
			}
		}
	} else if !strings.HasPrefix(text, "$ENV:") {
		im.leave(at, diag.ImportSecret, "A password for SSH in plain text", "It was not copied. Take it out of the file, and change it. "+detail)
		return
	}
	im.leave(at, diag.ImportUnsupported, "There are no passwords for SSH", detail)
}

func (im *importer) host(n, at *node, name, user, key string, interfaces *node) {
	h := &host{name: identifier(name, "host"), given: name, user: user, key: key, port: 22}
	if m := im.section(n); m != nil {
		h.address = strings.TrimSpace(im.str(m.get("hostname")))
		if p, ok := im.wholeNumber(m.get("port"), 1, 65535); ok {
			h.port = p
		}
		if v := im.str(m.get("username")); v != "" {
			h.user = v
		}
		if v := im.str(m.get("private_key_path")); v != "" {
			h.key = v
		}
		im.sshPassword(m)
	}
	if h.address == "" {
		h.address = name
		h.notes = append(h.notes, im.say(at, diag.ImportMissing, "The host has no hostname", "Its name stands for it. Check that it can be reached by that."))
	}
	h.iface = im.str(interfaces.get(name))
	im.placeHost(h, at)
}

// placeHost gives a host to its data centre.
func (im *importer) placeHost(h *host, at *node) {
	c := &im.cfg
	i := side(h.given)
	if i < 0 {
		i = side(h.address)
	}
	if a, err := netip.ParseAddr(h.address); i < 0 && err == nil {
		i = slices.IndexFunc(c.dcs[:], func(d dc) bool { return within(a, d.networks) })
	}
	if i < 0 {
		i = 0
		h.notes = append(h.notes, im.decide(at, "Where does the host stand",
			"Neither its name nor its address says which data centre it belongs to. Move it to the other target if that is wrong."))
	}
	taken := func(d dc) bool {
		return slices.ContainsFunc(d.hosts, func(o *host) bool { return o.name == h.name })
	}
	for base, n := h.name, 2; slices.ContainsFunc(c.dcs[:], taken); n++ {
		h.name = fmt.Sprintf("%s_%d", base, n)
	}
	c.dcs[i].hosts = append(c.dcs[i].hosts, h)
}

func within(a netip.Addr, networks []string) bool {
	return slices.ContainsFunc(networks, func(n string) bool {
		p, err := netip.ParsePrefix(n)
		return err == nil && p.Contains(a)
	})
}

// networks are the address ranges in a value: one, or a list.
func (im *importer) networks(n *node) []string {
	var out []string
	for _, i := range im.list(n) {
		text := strings.TrimSpace(im.str(i))
		if text == "" {
			continue
		}
		p, err := netip.ParsePrefix(text)
		if a, aerr := netip.ParseAddr(text); err != nil && aerr == nil && a.Zone() == "" {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			im.shape(i, "a network such as 10.0.2.0/24")
			continue
		}
		out = append(out, p.Masked().String())
	}
	return out
}

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
	text := name + " {\n"
	for _, a := range attrs {
		if _, ok := block.Attribute(a.name); !ok {
			return "", false
		}
		text += a.name + " = " + a.expr + "\n"
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
	return text + "}\n", true
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
