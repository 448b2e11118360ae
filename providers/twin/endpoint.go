package twin

import (
	"fmt"
	"slices"

	"github.com/xdc-project/xdc/lang/spl"
)

// Sizes of the endpoints' buffers where the plan does not say, in tuples. Of a sink it is the product's default; of a source
// none is public. Assumption data.endpoints.
const (
	sourceBuffer = 10000
	sinkBuffer   = 1000
)

// Endpoint is what a plan says of one endpoint of an application.
type Endpoint struct {
	Name           string // of the endpoint, its operator or its stream
	BufferSize     int    // how many tuples it holds; 0: the default
	ConsumingReads bool   // a sink gives each tuple to one reader only
	Type           string // of its tuples, as SPL writes it; empty: anything goes
}

// endpoint is a port of an EndpointSource or of an EndpointSink. Reference: sections 2 and 3 of the data service's.
type endpoint struct {
	name      string // in its URI
	operator  string
	stream    string
	port      int // of the operator
	into      int // a source: the input port of the state's operator
	sink      bool
	size      int // of its buffer, in tuples
	consuming bool
	tuple     *spl.Type // nil: anything goes
	inet      bool      // of an inetserver operator: not the data service's
}

// tupleOf is a type that the twin's own code states.
func tupleOf(text string) *spl.Type {
	t, err := spl.Parse(text)
	if err != nil {
		panic(fmt.Sprintf("the type %s: %v", text, err))
	}
	return &t
}

// calculatorEnds are the endpoints of the calculator sample. Reference: section 11.
var calculatorEnds = []endpoint{
	{name: "IncomingRequest_Operands", operator: "IncomingRequest", stream: "Operands", size: sourceBuffer, tuple: tupleOf("tuple<float64 x, float64 y>")},
	{name: "IncomingRequest_OperationStream", operator: "IncomingRequest", stream: "OperationStream", port: 1, into: 1, size: sourceBuffer, tuple: tupleOf("tuple<enum{add, subtract, divide, multiply} op>")},
	{name: "CalculationResult_Results", operator: "CalculationResult", stream: "Results", sink: true, size: 50, tuple: tupleOf("tuple<float64 x, float64 y, float64 result, enum{add, subtract, divide, multiply} op>")},
}

// endpointsOf lists the endpoints of a job: those that its application has, or else those that the plan names.
func endpointsOf(spec Job) []endpoint {
	out := slices.Clone(modelOf(spec.Application).ends)
	if out == nil {
		for _, n := range spec.Inputs {
			out = append(out, endpoint{name: n, operator: n, stream: n, size: sourceBuffer})
		}
		for _, n := range spec.Outputs {
			out = append(out, endpoint{name: n, operator: n, stream: n, sink: true, size: sinkBuffer})
		}
	}
	for i := range out {
		e := &out[i]
		if e.into > 0 {
			e.into += firstExtraIn(spec) - 1
		}
		e.inet = slices.Contains(spec.Inet, e.name)
		for _, s := range spec.Endpoints {
			if s.Name != e.name && s.Name != e.operator && s.Name != e.stream {
				continue
			}
			if s.BufferSize > 0 {
				e.size = s.BufferSize
			}
			e.consuming = e.consuming || s.ConsumingReads
			if t, err := spl.Parse(s.Type); s.Type != "" && err == nil { // it was looked at while planning
				e.tuple = &t
			}
		}
	}
	return out
}

// operatorsOfEnds lists the operators of a job's sources, or of its sinks.
func operatorsOfEnds(spec Job, sinks bool) []string {
	var out []string
	for _, e := range endpointsOf(spec) {
		if e.sink == sinks && !slices.Contains(out, e.operator) {
			out = append(out, e.operator)
		}
	}
	return out
}

// endsOf counts the endpoints of an operator: its output ports as a source, its input ports as a sink.
func endsOf(spec Job, operator string) (sources, sinks int) {
	for _, e := range endpointsOf(spec) {
		switch {
		case e.operator != operator:
		case e.sink:
			sinks++
		default:
			sources++
		}
	}
	return sources, sinks
}

// firstExtraIn is the input port of the state's operator that comes after those that every application has, and before the
// one that imports.
func firstExtraIn(spec Job) int {
	if spec.Toolkit != nil {
		return signalIn + 1
	}
	return 1
}

// extraIns is how many input ports the application's sources have beside the first.
func extraIns(spec Job) (n int) {
	for _, e := range modelOf(spec.Application).ends {
		n = max(n, e.into)
	}
	return n
}
