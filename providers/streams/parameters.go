package streams

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/bundle"
)

// checkParameters holds the parameters of a submission against what its bundle says, where the bundle is there while
// planning and has a description that can be read.
func checkParameters(s providers.Scope, a jobArgs) diag.List {
	if a.Bundle == "" || s.OpenFile == nil {
		return nil
	}
	f, err := s.OpenFile(a.Bundle)
	if err != nil {
		return nil // whoever reads it to submit it says so
	}
	defer f.Close()
	d, err := bundle.Read(f, f.Size())
	if err != nil {
		return nil // the server has the last word
	}
	given := map[string]bool{}
	complete := true
	if a.Override != "" {
		complete = overlaid(s, a.Override, given)
	}
	var out diag.List
	for _, name := range slices.Sorted(maps.Keys(a.Parameters)) {
		p, ok := parameterOf(d, name)
		if !ok {
			out = append(out, unknownParameter(d, a, name))
			continue
		}
		given[p.Name] = true
		out = append(out, checkValue(d, a, p, name)...)
	}
	for _, p := range d.Parameters {
		if p.Required && !given[p.Name] && complete {
			out = append(out, diag.Diagnostic{
				Severity: diag.Error, Code: diag.StreamsParameter, Summary: fmt.Sprintf("The application needs a value for %q", p.Name), Path: cty.GetAttrPath("bundle"),
				Detail: fmt.Sprintf("Its bundle %s says that %s needs the submission-time parameter %q, which has no default. Add it to `parameters`.", a.Bundle, p.Composite, p.Name),
			})
			given[p.Name] = true // once, whoever else needs it
		}
	}
	return out
}

// parameterOf finds a parameter by its name, alone or behind that of its composite.
func parameterOf(d *bundle.Description, name string) (bundle.Parameter, bool) {
	for _, p := range d.Parameters {
		if name == p.Name || name == p.Composite+"."+p.Name || name == p.Composite+"::"+p.Name {
			return p, true
		}
	}
	return bundle.Parameter{}, false
}

func unknownParameter(d *bundle.Description, a jobArgs, name string) diag.Diagnostic {
	var names []string
	for _, p := range d.Parameters {
		if !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	slices.Sort(names)
	has := "It has none."
	if len(names) > 0 {
		has = "It has " + someOf(names) + "."
	}
	return diag.Diagnostic{
		Severity: diag.Error, Code: diag.StreamsParameter, Summary: fmt.Sprintf("The application has no parameter %q", name),
		Path:   cty.GetAttrPath("parameters").Index(cty.StringVal(name)),
		Detail: fmt.Sprintf("So says its bundle %s. %s%s", a.Bundle, has, diag.Suggest(name, names)),
	}
}

// checkValue looks at what is known of the type of a value: a parameter that says how wide a parallel region is must be a
// whole number above zero. Others are text to the platform, and the application converts them.
func checkValue(d *bundle.Description, a jobArgs, p bundle.Parameter, name string) diag.List {
	v := a.Parameters[name]
	if v.Slot != "" {
		return nil
	}
	for _, r := range d.Regions {
		if r.Parameter != p.Name {
			continue
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(v.Plain), 10, 32); err != nil || n < 1 {
			return diag.List{{
				Severity: diag.Error, Code: diag.StreamsParameter, Summary: fmt.Sprintf("%q is no width", v.Plain), Path: cty.GetAttrPath("parameters").Index(cty.StringVal(name)),
				Detail: fmt.Sprintf("The parameter %q says how many channels the parallel region %s of the application has: write a whole number above zero.", p.Name, r.Name),
			}}
		}
	}
	return nil
}

// maxOverlay bounds an overlay that is looked at while planning.
const maxOverlay = 4 << 20

// overlaid notes the parameters that an overlay gives. It is false where that cannot be told.
func overlaid(s providers.Scope, name string, given map[string]bool) bool {
	f, err := s.OpenFile(name)
	if err != nil {
		return false
	}
	defer f.Close()
	var o struct {
		Overlays []struct {
			Config struct {
				Parameters []struct {
					Name string `json:"name"`
				} `json:"submissionParameters"`
			} `json:"jobConfig"`
		} `json:"jobConfigOverlays"`
	}
	b, err := io.ReadAll(io.LimitReader(f, maxOverlay))
	if err != nil || json.Unmarshal(b, &o) != nil {
		return false
	}
	if len(o.Overlays) > 0 { // only the first one counts
		for _, p := range o.Overlays[0].Config.Parameters {
			given[p.Name[strings.LastIndexAny(p.Name, ".:")+1:]] = true
		}
	}
	return true
}
