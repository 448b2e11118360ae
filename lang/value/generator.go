package value

import "encoding/json"

// Generator is a closed description of how a value of a record is made, evaluated once a record by the
// engine. It is what record.id, record::number(0, 1000) and the like leave behind once the plan is built.
type Generator struct {
	// Kind is one of: const, id, seq, time, number, exact, text, choice, key, template, object, list.
	Kind string `json:"kind"`
	// Const is the value of a const.
	Const json.RawMessage `json:"const,omitempty"`
	// Min and Max bound a number; Max is also the number of keys of a key generator.
	Min float64 `json:"min,omitempty"`
	Max float64 `json:"max,omitempty"`
	// Low and High bound an exact number: whole numbers in decimal, which count units of 10 to the power of -Scale.
	Low   string `json:"low,omitempty"`
	High  string `json:"high,omitempty"`
	Scale int    `json:"scale,omitempty"`
	// Size is the length of a text in bytes.
	Size int `json:"size,omitempty"`
	// Items are the choices, or the elements of a list.
	Items []Generator `json:"items,omitempty"`
	// Template is text with {id}, {seq}, {time}, {key} in it.
	Template string `json:"template,omitempty"`
	// Names and Fields are the attributes of an object, in order.
	Names  []string    `json:"names,omitempty"`
	Fields []Generator `json:"fields,omitempty"`
}
