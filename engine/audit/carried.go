package audit

import (
	"encoding/json"

	"github.com/xdc-project/xdc/engine/measure"
)

// sampled is how many items show which fields the results of a sink carry.
const sampled = 1000

// carried finds out which fields of the records the application normally carries into the results of one sink: those
// that most of the first 1000 items have that can have them. An item is changed if it lacks one of these. A field that
// no record among the first 1000 was sent with is not missed.
type carried struct {
	known  bool
	n      int
	fields map[string]*carrying
	lack   []lacking // items without a field, until it is known what that means
}

type carrying struct {
	sent, came int
}

type lacking struct {
	seq  int64
	name string
}

// take looks at one item: the fields of its record, and what has come out of each. It reports whether nothing is known
// to be missing.
func (c *carried) take(seq int64, fields []measure.Field, now []json.RawMessage) bool {
	whole := true
	for i, f := range fields {
		if c.known {
			if now[i] == nil && c.carries(f.Name) {
				whole = false
			}
			continue
		}
		if c.fields == nil {
			c.fields = map[string]*carrying{}
		}
		x := c.fields[f.Name]
		if x == nil {
			x = &carrying{}
			c.fields[f.Name] = x
		}
		x.sent++
		if now[i] != nil {
			x.came++
		} else {
			c.lack = append(c.lack, lacking{seq, f.Name})
		}
	}
	c.n++
	return whole
}

func (c *carried) carries(name string) bool {
	x := c.fields[name]
	return x != nil && 2*x.came > x.sent
}

// settle is called when the first items have come, and at the end. It adds those that lack a field to changed.
func (c *carried) settle(changed *measure.Set) {
	if c.known {
		return
	}
	c.known = true
	for _, l := range c.lack {
		if c.carries(l.name) {
			changed.Add(l.seq)
		}
	}
	c.lack = nil
}
