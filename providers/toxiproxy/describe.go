package toxiproxy

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/providers"
)

// notArmed stands in the dry run of every fault, since others do heal by themselves.
const notArmed = "not armed: toxiproxy keeps no leases, so if xdc dies, this stays until `xdc recover`"

// describe is the dry run.
func (k kind) describe(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	a, err := k.decode(raw)
	if err != nil {
		return providers.Description{}, diag.List{}.Append(err)
	}
	out := a.validate(k)
	d := providers.Description{SideEffects: true}
	if out.HasErrors() {
		return d, out
	}
	toxics := k.toxics(a, "xdc_RUN_STEP")
	for _, p := range a.spots() {
		base, found := base(s, p.Place.Target)
		out = append(out, found...)
		at := base + "/proxies/" + url.PathEscape(clip(p.Proxy))
		line := func(text string) providers.Line { return providers.Line{Place: p.Place.String(), Text: text} }
		var undo []providers.Line
		for _, t := range toxics {
			body, err := json.Marshal(t)
			if err != nil {
				return d, out.Append(err)
			}
			d.Effects = append(d.Effects, line(fmt.Sprintf("POST %s/toxics  %s", at, body)))
			undo = append(undo, line(fmt.Sprintf("DELETE %s/toxics/%s", at, t.Name)))
		}
		if k.off {
			d.Effects = append(d.Effects, line(fmt.Sprintf("POST %s  {\"enabled\":false}", at)))
			d.Undo = append(d.Undo, line(fmt.Sprintf("POST %s  {\"enabled\":true}", at)))
		}
		d.Undo = append(d.Undo, undo...)
		if !slices.Contains(d.Places, p.Place) {
			d.Places = append(d.Places, p.Place)
		}
	}
	for _, p := range d.Places {
		d.Undo = append(d.Undo, providers.Line{Place: p.String(), Text: notArmed})
	}
	d.Summary = k.summary(a)
	return d, out
}

// base is the URL of a target's toxiproxy as the plan states it.
func base(s providers.Scope, target string) (string, diag.List) {
	t, ok := s.Targets[target]
	if !ok {
		return "", finding("target", "A target is not in the plan", fmt.Sprintf("%.80q is none of the plan's targets.", target))
	}
	raw, ok := t.Connections[Name]
	var c connection
	if !ok || decode(raw, &c) != nil {
		return "", finding("target", fmt.Sprintf("The target %s has no toxiproxy", target), "Say how to reach it: write toxiproxy { url = \"http://HOST:8474\" } in the target.")
	}
	u, err := c.root()
	if err != nil {
		return "", diag.List{{Severity: diag.Error, Code: diag.ProviderArgument, Summary: "The toxiproxy of " + target + " cannot be asked", Detail: strings.TrimSuffix(err.Error(), ".") + ".", Path: cty.GetAttrPath("target")}}
	}
	return u.String(), nil
}

// summary is the fault in one line: "dc1 proxy "orders_to_dc2": upstream and downstream delayed by 200ms; everything else untouched".
func (k kind) summary(a *arguments) string {
	var targets []string
	for _, p := range a.spots() {
		if !slices.Contains(targets, p.Place.Target) {
			targets = append(targets, p.Place.Target)
		}
	}
	proxies := sorted(a.Proxies)
	text := strings.Join(targets, ", ") + " proxy " + listed(proxies)
	switch {
	case k.off:
		return text + ": connections " + k.words(a) + "; other proxies untouched"
	case a.Stream == "both":
		text += ": both streams "
	default:
		text += ": " + a.Stream + " "
	}
	text += k.words(a)
	if *a.Toxicity < 1 {
		text += fmt.Sprintf(", in %g%% of the connections", *a.Toxicity*100)
	}
	return text + "; other proxies untouched"
}
