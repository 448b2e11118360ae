package rest

import (
	"context"
	"encoding/json"
	"strconv"
)

// ApplicationConfiguration is a set of properties that an instance keeps for applications. Reference: section 2.12.
type ApplicationConfiguration struct {
	Name       string     `json:"name"`
	Self       string     `json:"self"`
	Properties Properties `json:"properties"`
}

// Properties are texts by name.
type Properties map[string]string

// UnmarshalJSON never fails: numbers and truth values are taken as text, and what is no value is left out.
func (p *Properties) UnmarshalJSON(b []byte) error {
	*p = Properties{}
	var raw map[string]json.RawMessage
	_ = json.Unmarshal(b, &raw) // what is no object has no properties
	for name, v := range raw {
		var text *string
		switch err := json.Unmarshal(v, &text); {
		case err == nil && text != nil:
			(*p)[name] = *text
		case err != nil && scalar(v):
			(*p)[name] = string(v)
		}
	}
	return nil
}

// scalar reports whether a JSON value is a number or a truth value.
func scalar(v json.RawMessage) bool {
	_, err := strconv.ParseFloat(string(v), 64)
	return err == nil || string(v) == "true" || string(v) == "false"
}

// ApplicationConfigurations lists the application configurations of an instance. They may hold passwords.
func (c *Client) ApplicationConfigurations(ctx context.Context, i Instance) ([]ApplicationConfiguration, error) {
	return pages[ApplicationConfiguration](ctx, c, "list the application configurations", i.ApplicationConfigurations, "applicationConfigurations")
}
