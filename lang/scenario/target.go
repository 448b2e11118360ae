package scenario

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/xdc-project/xdc/lang/diag"
)

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
