package rest_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/providers/streams/rest"
)

// Reference: section 2.12.
func TestApplicationConfigurationsAreRead(t *testing.T) {
	const at = "GET /streams/instances/i/applicationconfigurations"
	server := api{
		"GET /streams/resources": says(`{"resources":[{"name":"instances","resource":"https://` + host + `/streams/instances"}]}`),
		"GET /streams/instances": says(`{"instances":[{"id":"i","self":"https://` + host + `/streams/instances/i"}],"total":1}`),
		at: says(`{"applicationConfigurations":[{"name":"CrossDCFailover","description":"d","creationTime":1,"strange":{},
			"properties":{"n::M_a":"=x=","n::M_b":30.0,"n::M_c":true,"n::M_d":null,"n::M_e":{"f":1}}},{"name":"odd","properties":[1]}],"total":2}`),
	}
	with(t, server, nil, func(t *testing.T, c *rest.Client) {
		i, err := c.Instance(t.Context(), "i")
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.ApplicationConfigurations(t.Context(), i)
		want := []rest.ApplicationConfiguration{
			{Name: "CrossDCFailover", Description: "d", Properties: rest.Properties{"n::M_a": "=x=", "n::M_b": "30.0", "n::M_c": "true"}},
			{Name: "odd", Properties: rest.Properties{}},
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
		delete(server, at)
		if _, err := c.ApplicationConfigurations(t.Context(), i); !errors.Is(err, rest.ErrNotFound) {
			t.Errorf("a server that has none: %v", err)
		}
	})
}

func FuzzProperties(f *testing.F) {
	f.Add([]byte(`{"a":"b","c":1,"d":null,"e":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var p rest.Properties
		if json.Unmarshal(b, &p) == nil && json.Valid(b) && p == nil && string(b) != "null" {
			t.Errorf("%s is nothing", b)
		}
	})
}
