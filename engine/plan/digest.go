package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// digest is sha256 over the plan in canonical JSON: no spaces, the fields in the order of their declaration, the keys
// of maps sorted, numbers as written. Left out are Mode and Version, which do not change what will be done, Files,
// whose hashes are compared one by one, and the digest itself. What a step does, in what order, how it is undone, the
// non-sensitive values of variables and the slots of secrets are in it; secrets are not.
func digest(p *Plan) string {
	c := *p
	c.Mode, c.Version, c.Files, c.Digest = "", "", nil, ""
	b, err := json.Marshal(&c)
	if err != nil {
		return ""
	}
	return hash(b)
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// canonical writes JSON again without spaces and with the keys of objects sorted.
func canonical(raw []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	return json.Marshal(v)
}
