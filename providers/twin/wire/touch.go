package wire

import "github.com/xdc-project/xdc/providers"

// Touching lists the rules that would act on a connection from a node to a port of a host, on either way of it, and reports
// whether they let nothing pass.
func (n *Network) Touching(from, host string, port int) (rules []providers.LinkRule, cut bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := &link{src: n.nodes[from], dst: n.find(host), port: port}
	for _, k := range sortedKeys(n.rules) {
		r := n.rules[k]
		_, out := r.matches(l, true)
		_, in := r.matches(l, false)
		if !out && !in {
			continue
		}
		rules = append(rules, r.LinkRule)
		cut = cut || r.Drop || r.Reject || r.Loss >= 1
	}
	return rules, cut
}
