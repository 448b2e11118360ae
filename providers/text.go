package providers

import (
	"encoding/json"
	"fmt"
)

// Text is a string argument that may be secret. In plans and handles a secret is only its slot,
// {"secret": "var.password"}; its value is asked for at the moment of use.
type Text struct {
	Plain string
	Slot  string // empty: Plain holds the text
}

type slotJSON struct {
	Secret string `json:"secret"`
}

// MarshalJSON writes the string or the slot, never a secret's value.
func (t Text) MarshalJSON() ([]byte, error) {
	if t.Slot != "" {
		return json.Marshal(slotJSON{t.Slot})
	}
	return json.Marshal(t.Plain)
}

// UnmarshalJSON reads a string or a slot; null is the empty string.
func (t *Text) UnmarshalJSON(b []byte) error {
	*t = Text{}
	if len(b) > 0 && b[0] == '{' {
		var s slotJSON
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		if s.Secret == "" {
			return fmt.Errorf("neither a string nor a secret's slot: %.40s", b)
		}
		t.Slot = s.Secret
		return nil
	}
	return json.Unmarshal(b, &t.Plain)
}

// IsZero reports whether nothing was given.
func (t Text) IsZero() bool { return t.Plain == "" && t.Slot == "" }

// Reveal returns the text itself, asking env for a secret.
func (t Text) Reveal(env Env) (string, error) {
	if t.Slot == "" {
		return t.Plain, nil
	}
	return env.Secret(t.Slot)
}

// String is safe to show.
func (t Text) String() string {
	if t.Slot != "" {
		return "(" + t.Slot + ", sensitive)"
	}
	return t.Plain
}
