package twin

import (
	"encoding/json"
	"slices"

	"github.com/xdc-project/xdc/providers/twin/api"
)

// viewRoutes are views. Each job has one, of its results. Reference: section 2.10.
func (d *dc) viewRoutes() []api.Route {
	const one = "/instances/{instance}/views/{view}"
	return []api.Route{
		api.List("/instances/{instance}/views", "listViews", "Lists the views.", "views", "view", func(c *api.Call) ([]api.View, error) {
			var out []api.View
			for _, s := range d.alive() {
				out = append(out, s.view(c))
			}
			return out, nil
		}),
		api.Get(one, "getView", "Reads a view.", func(c *api.Call) (api.View, error) {
			s, err := d.viewAt(c)
			if err != nil {
				return api.View{}, err
			}
			return s.view(c), nil
		}),
		api.List(one+"/viewitems", "listViewItems", "Lists the tuples of a view.", "viewItems", "viewItem", func(c *api.Call) ([]api.ViewItem, error) {
			s, err := d.viewAt(c)
			if err != nil {
				return nil, err
			}
			return s.viewItems(), nil
		}),
	}
}

func (s still) viewID() string { return s.dc.cfg.Instance + "." + s.name + ".Results" }

func (d *dc) viewAt(c *api.Call) (still, error) {
	for _, s := range d.alive() {
		if s.viewID() == c.PathValue("view") {
			return s, nil
		}
	}
	return still{}, api.Missing("view", c.PathValue("view"))
}

func (s still) view(c *api.Call) api.View {
	self := s.dc.at(c).To("views", s.viewID())
	first := 0
	for i, o := range s.graph.ops {
		if o.logical == counter {
			first = i
			break
		}
	}
	return api.View{
		Element: element("view", s.viewID(), self), ID: s.viewID(), Name: "Results", Description: "The results of the application.", LogicalOperatorName: counter, ActivateOption: "automatic",
		BufferCapacityUnits: "tuples", BufferCapacityTuples: sinkBuffer, MaximumTupleRate: sinkBuffer, Started: true,
		Attributes: []api.ViewAttribute{{Name: "record", Type: "rstring"}, {Name: "dc", Type: "rstring"}, {Name: "count", Type: "int64"}},
		Job:        s.self(c), Instance: s.dc.at(c), Domain: before5(c, s.dc.domainAt(c)), Ports: s.opLink(c, first).To("outputports"), ViewItems: self.To("viewitems"),
	}
}

// viewItems are the tuples that the first sink has, in the order of their collection.
func (s still) viewItems() []api.ViewItem {
	i := slices.IndexFunc(s.app.ends, func(e endpoint) bool { return e.sink })
	if i < 0 {
		return nil
	}
	r := s.app.sinks[s.app.ends[i].name]
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []api.ViewItem
	for _, it := range r.items {
		data := map[string]any{}
		if json.Unmarshal(it.item, &data) == nil {
			out = append(out, api.ViewItem{CollectionTime: it.ms, Data: data, Channels: []api.Channel{}, ResourceType: "viewItem"})
		}
	}
	return out
}
