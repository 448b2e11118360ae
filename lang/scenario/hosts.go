package scenario

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/lang/diag"
)

// host is a machine.
type host struct {
	name    string // in the plan
	given   string // in the config
	address string
	port    int64
	user    string
	key     string
	iface   string
	at      *node
	notes   []string
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
	h := &host{name: identifier(name, "host"), given: name, user: user, key: key, port: 22, at: at}
	if m := im.section(n); m != nil {
		h.address = strings.TrimSpace(im.str(m.get("hostname")))
		if p, ok := im.wholeNumber(m.get("port"), 65535); ok {
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
