package dataexchange

import (
	"encoding/json"
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/value"
)

// probing are the arguments of a probe.
type probing struct {
	Endpoint    string         `json:"endpoint"`
	EndpointURL string         `json:"endpoint_url,omitempty"`
	Results     string         `json:"results"`
	ResultsURL  string         `json:"results_url,omitempty"`
	Job         string         `json:"job,omitempty"`
	Transport   string         `json:"transport,omitempty"`
	Poll        value.Duration `json:"poll_interval,omitempty"`
}

// probeSchema is what probes hold: where records go in, and where results come out.
func probeSchema() *schema.Block {
	transport := transportAttr
	transport.Description = "How results are read: `http` asks for them in requests, `websocket` has them sent as they come and asks whether that is all. Records always go in by HTTP, each in a request of its own, so that none waits behind another."
	results := urlAttr
	results.Name, results.Example = "results_url", `"https://data.dc1.example.com:8444/results"`
	return &schema.Block{
		Name: Name, Description: "Where the records go, and where the results come out.",
		Attributes: []schema.Attribute{
			endpointAttr("The EndpointSource that takes the records in: the endpoint's name, or its operator, or its stream.", `"Orders"`),
			{
				Name: "results", Type: cty.String, Required: true, Public: true,
				Description: "The EndpointSink that the results come out of: the endpoint's name, or its operator, or its stream.",
				Example:     `"Results"`,
			},
			jobAttr, urlAttr, results, transport,
			{
				Name: "poll_interval", Type: cty.String, Form: schema.Duration, Default: cty.StringVal("50ms"), Min: new(0.005), Public: true,
				Description: "How often results are asked for. It bounds how sharply latencies are known, and nothing else: outage and recovery follow from when records were due.",
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
	if in, err = json.Marshal(flow{Endpoint: p.Endpoint, EndpointURL: p.EndpointURL, Job: p.Job}); err != nil {
		return nil, nil, fmt.Errorf("write the arguments of the inlet: %w", err)
	}
	type outlets struct {
		flow
		Poll value.Duration `json:"poll_interval,omitempty"`
	}
	if out, err = json.Marshal(outlets{flow{Endpoint: p.Results, EndpointURL: p.ResultsURL, Job: p.Job, Transport: p.Transport}, p.Poll}); err != nil {
		return nil, nil, fmt.Errorf("write the arguments of the outlets: %w", err)
	}
	return in, out, nil
}
