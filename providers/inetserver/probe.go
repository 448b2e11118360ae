package inetserver

import (
	"encoding/json"
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/value"
)

// probing are the arguments of a probe.
type probing struct {
	Operator string         `json:"operator"`
	Results  string         `json:"results"`
	Form     bool           `json:"form,omitempty"`
	Job      string         `json:"job,omitempty"`
	Poll     value.Duration `json:"poll_interval,omitempty"`
}

// probeSchema is what probes hold: the operator that records go into, and that by which results come out.
func probeSchema() *schema.Block {
	results := operatorAttr("The HTTPTupleView operator that the results come out of, as its path on the server. Its window must slide by count and be triggered by each tuple.", `"orders/Results"`)
	results.Name = "results"
	return &schema.Block{
		Name: Name, Description: "Where the records go, and where the results come out.",
		Attributes: []schema.Attribute{
			operatorAttr("The injection operator that takes the records in, as its path on the server.", `"orders/Orders"`), results, formAttr, jobAttr,
			{
				Name: "poll_interval", Type: cty.String, Form: schema.Duration, Default: cty.StringVal("50ms"), Min: new(0.005), Public: true,
				Description: "How often the window is read. It bounds how sharply latencies are known; the rate times this must stay below the window's size.",
				Example:     `"50ms"`,
			},
		},
	}
}

// ends takes the arguments of a probe apart.
func ends(args json.RawMessage) (in, out json.RawMessage, err error) {
	var p probing
	if err := json.Unmarshal(args, &p); err != nil {
		return nil, nil, fmt.Errorf("read the arguments of the probe: %w", err)
	}
	if in, err = json.Marshal(flow{Operator: p.Operator, Form: p.Form, Job: p.Job}); err != nil {
		return nil, nil, fmt.Errorf("write the arguments of the inlet: %w", err)
	}
	type outlets struct {
		flow
		Poll value.Duration `json:"poll_interval,omitempty"`
	}
	if out, err = json.Marshal(outlets{flow{Operator: p.Results, Job: p.Job}, p.Poll}); err != nil {
		return nil, nil, fmt.Errorf("write the arguments of the outlets: %w", err)
	}
	return in, out, nil
}
