package api

// Operator is an operator of a job. Reference: section 2.7.
type Operator struct {
	Related `json:"-"`
	Element
	Name             string    `json:"name"`
	OperatorKind     string    `json:"operatorKind"`
	LogicalName      string    `json:"logicalName,omitempty"` // in a parallel region
	IndexWithinJob   int64     `json:"indexWithinJob"`
	Channel          *int64    `json:"channel,omitempty"` // in a parallel region
	Channels         []Channel `json:"channels"`
	InputPorts       Link      `json:"inputPorts"`
	OutputPorts      Link      `json:"outputPorts"`
	Connections      Link      `json:"connections"`
	Metrics          Link      `json:"metrics"`
	Job              Link      `json:"job"`
	PE               Link      `json:"pe"`
	Instance         Link      `json:"instance"`
	ApplicationTrace Link      `json:"applicationTrace"`
	ProductLog       Link      `json:"productLog"`
	Place
}

// Channel is a channel of a parallel region.
type Channel struct {
	IndexWithinRegion int64 `json:"indexWithinRegion"`
}

// OperatorPort is what input and output ports of operators have in common.
type OperatorPort struct {
	Element
	IndexWithinOperator int64  `json:"indexWithinOperator"`
	Name                string `json:"name"`
	Job                 Link   `json:"job"`
	PE                  Link   `json:"pe"`
	Operator            Link   `json:"operator"`
	Connections         Link   `json:"connections"`
	Metrics             Link   `json:"metrics"`
}

// OperatorInputPort is an input port.
type OperatorInputPort struct {
	OperatorPort
	PEInputPorts Link    `json:"peInputPorts"`
	Import       *Import `json:"import"` // null: it imports nothing
}

// Import is what a port imports.
type Import struct {
	Type             ImportType   `json:"type"`
	Subscription     string       `json:"subscription"`
	Filter           *string      `json:"filter"`
	Operator         string       `json:"operator"`
	ApplicationScope string       `json:"applicationScope"`
	Names            []ImportName `json:"names"`
}

// ImportName is a stream that is imported by its name.
type ImportName struct {
	ApplicationScope string `json:"applicationScope"`
	Name             string `json:"name"`
	Operator         string `json:"operator"`
}

// OperatorOutputPort is an output port.
type OperatorOutputPort struct {
	OperatorPort
	StreamName      string  `json:"streamName"`
	StreamViewable  bool    `json:"streamViewable"`
	PEOutputPorts   Link    `json:"peOutputPorts"`
	TupleAttributes Link    `json:"tupleAttributes"`
	Export          *Export `json:"export"` // null: it exports nothing
}

// Export is how a stream is exported.
type Export struct {
	Type          ExportType       `json:"type"`
	Name          *string          `json:"name"`
	FilterAllowed bool             `json:"filterAllowed"`
	Operator      string           `json:"operator"`
	Properties    []ExportProperty `json:"properties"`
}

// ExportProperty is a property by which streams are subscribed to.
type ExportProperty struct {
	Name   string   `json:"name"`
	Type   string   `json:"type"`
	Values []string `json:"values"`
}

// TupleAttributes is the type of a port's tuples.
type TupleAttributes struct {
	SPLType string `json:"splType"`
}

// OperatorConnection is a stream between two ports.
type OperatorConnection struct {
	Related `json:"-"`
	Element
	ID           string      `json:"id"`
	Required     bool        `json:"required"`
	PEConnection *Link       `json:"peConnection"` // null: within a PE
	Source       OperatorEnd `json:"source"`
	Target       OperatorEnd `json:"target"`
}

// OperatorEnd is an end of a stream: a source has an output port, a target an input port.
type OperatorEnd struct {
	Job        Link  `json:"job"`
	PE         Link  `json:"pe"`
	Operator   Link  `json:"operator"`
	OutputPort *Link `json:"outputPort,omitempty"`
	InputPort  *Link `json:"inputPort,omitempty"`
}

// ExportedStream is a stream that is exported.
type ExportedStream struct {
	Related             `json:"-"`
	ResourceType        string `json:"resourceType"`
	OperatorOutputPort  Link   `json:"operatorOutputPort"`
	OperatorConnections Link   `json:"operatorConnections"`
}

// ImportedStream is a port that imports streams.
type ImportedStream struct {
	Related             `json:"-"`
	ResourceType        string `json:"resourceType"`
	OperatorInputPort   Link   `json:"operatorInputPort"`
	OperatorConnections Link   `json:"operatorConnections"`
}
