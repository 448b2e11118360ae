package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// digest is sha256 over the plan as JSON without spaces, the fields in the order of their declaration, the keys of
// maps sorted, numbers as written.
//
// In it is what will be done: targets, jobs, steps with their arguments, order, effects, undo, holders and expected
// times, guards, the values of variables that are not sensitive, the slots of secrets, predictions and warnings. Not
// in it are secrets; Mode and Version, which change nothing; Files, whose hashes are compared one by one; the file and
// line where things stand and where variables got their values; and the digest itself.
func digest(p *Plan) string {
	c := *p
	c.Mode, c.Version, c.Files, c.Digest = "", "", nil, ""
	c.Steps = make([]*Step, len(p.Steps))
	for i, s := range p.Steps {
		n := *s
		n.File, n.Line = "", 0
		c.Steps[i] = &n
	}
	c.Variables = slices.Clone(p.Variables)
	for i := range c.Variables {
		c.Variables[i].Source = ""
	}
	c.Warnings = slices.Clone(p.Warnings)
	for i := range c.Warnings {
		c.Warnings[i].File, c.Warnings[i].Line = "", 0
	}
	h := sha256.New()
	if json.NewEncoder(h).Encode(&c) != nil {
		return "" // nothing in a plan cannot be encoded
	}
	return hex.EncodeToString(h.Sum(nil))
}
