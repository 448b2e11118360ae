package rest

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
)

// ApplicationConfiguration is a set of properties that an instance keeps for applications. Reference: section 2.12.
type ApplicationConfiguration struct {
	Name        string     `json:"name"`
	Self        string     `json:"self"`
	Description string     `json:"description"`
	Properties  Properties `json:"properties"`
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

// configurationBody is what is sent of one: a property that is null is taken away, and those that are absent stay.
type configurationBody struct {
	Name        string             `json:"name,omitempty"`
	Description *string            `json:"description,omitempty"`
	Properties  map[string]*string `json:"properties,omitempty"`
}

// CreateApplicationConfiguration creates one. Properties without a value are left out. It is never tried again.
func (c *Client) CreateApplicationConfiguration(ctx context.Context, i Instance, name string, description *string, properties map[string]*string) error {
	body := configurationBody{Name: name, Description: description, Properties: map[string]*string{}}
	for k, v := range properties {
		if v != nil {
			body.Properties[k] = v
		}
	}
	return c.Post(ctx, "create the application configuration "+name, i.ApplicationConfigurations, body, nil)
}

// ChangeApplicationConfiguration changes one that is there.
func (c *Client) ChangeApplicationConfiguration(ctx context.Context, i Instance, one ApplicationConfiguration, description *string, properties map[string]*string) error {
	body, err := json.Marshal(configurationBody{Description: description, Properties: properties})
	if err != nil {
		return err
	}
	return c.Send(ctx, "change the application configuration "+one.Name, http.MethodPatch, one.link(i), body)
}

// DeleteApplicationConfiguration deletes one; one that is not there is deleted already.
func (c *Client) DeleteApplicationConfiguration(ctx context.Context, i Instance, one ApplicationConfiguration) error {
	return c.Delete(ctx, "delete the application configuration "+one.Name, one.link(i))
}

// link is its own, or, where it has none, below the instance's by its name.
func (a ApplicationConfiguration) link(i Instance) string {
	if a.Self != "" {
		return a.Self
	}
	return Join(i.ApplicationConfigurations, "/"+escape(a.Name))
}
