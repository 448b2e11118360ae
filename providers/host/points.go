package host

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
)

// HostsAttr is the argument by which a fault names the machines it acts on.
func HostsAttr(required bool) schema.Attribute {
	return schema.Attribute{
		Name: "hosts", Type: cty.List(cty.String), Form: schema.HostRef, Required: required, Public: true,
		Description: "The hosts on which the fault acts.",
		Example:     "[target.dc1.host.edge]",
	}
}

// Point is one machine of the plan.
type Point struct {
	Place providers.Place
	Host  providers.Host
}

// Points resolves names such as "dc1.edge" to machines, in a fixed order and each once.
func Points(targets map[string]providers.Target, names []string) ([]Point, error) {
	var out []Point
	for _, n := range names {
		target, name, ok := strings.Cut(n, ".")
		t, known := targets[target]
		i := slices.IndexFunc(t.Hosts, func(x providers.Host) bool { return x.Name == name })
		if !ok || !known || i < 0 {
			return nil, fmt.Errorf("host %q is not one of the plan's", n)
		}
		out = append(out, Point{providers.Place{Target: target, Host: name}, t.Hosts[i]})
	}
	slices.SortFunc(out, func(x, y Point) int { return strings.Compare(x.Place.String(), y.Place.String()) })
	return slices.CompactFunc(out, func(x, y Point) bool { return x.Place == y.Place }), nil
}
