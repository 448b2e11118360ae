package api

// PE is a processing element. Reference: section 2.5.
type PE struct {
	Related `json:"-"`
	Element
	ID                  string      `json:"id"`
	IndexWithinJob      int64       `json:"indexWithinJob"`
	Status              PEStatus    `json:"status"`
	StatusReason        PEReason    `json:"statusReason"`
	Health              Health      `json:"health"`
	RequiredConnections Connections `json:"requiredConnections"`
	OptionalConnections Connections `json:"optionalConnections"`
	LaunchCount         int64       `json:"launchCount"`
	ProcessID           *string     `json:"processId"`
	Restartable         bool        `json:"restartable"`
	Relocatable         bool        `json:"relocatable"`
	TracingLevel        TraceLevel  `json:"tracingLevel"`
	PendingTracingLevel *TraceLevel `json:"pendingTracingLevel"`
	RestartPriority     string      `json:"restartPriority,omitempty" verbose:"true"`
	CurrentWorkingPath  string      `json:"currentWorkingPath"`
	ResourceTags        []string    `json:"resourceTags"`
	OSCapabilities      []string    `json:"osCapabilities"`
	Job                 Link        `json:"job"`
	Instance            Link        `json:"instance"`
	Operators           Link        `json:"operators"`
	InputPorts          Link        `json:"inputPorts"`
	OutputPorts         Link        `json:"outputPorts"`
	Connections         Link        `json:"connections"`
	Metrics             Link        `json:"metrics"`
	ApplicationTrace    Link        `json:"applicationTrace"`
	ConsoleLog          Link        `json:"consoleLog"`
	ProductLog          Link        `json:"productLog"`
	Snapshot            Link        `json:"snapshot"`
	MetricsSnapshot     Link        `json:"metricsSnapshot"`
	Place
}

// Place is where a PE or an operator runs.
type Place struct {
	// Those of 4.x and 7.x.
	Domain             *Link `json:"domain,omitempty"`
	ResourceAllocation *Link `json:"resourceAllocation,omitempty"`
	// Host is null where the resource is not shown as a host.
	Host *Link `json:"host"`
	// That of 5.x.
	Resource *Link `json:"resource,omitempty" api:"5"`
}

// PEPort is an input or output port of a PE.
type PEPort struct {
	Element
	ID            string    `json:"id"`
	IndexWithinPE int64     `json:"indexWithinPE"`
	TransportType Transport `json:"transportType"`
	Job           Link      `json:"job"`
	PE            Link      `json:"pe"`
	Connections   Link      `json:"connections"`
	Metrics       Link      `json:"metrics"`
}

// PEConnection is a connection between two PEs. Reference: section 2.6.
type PEConnection struct {
	Related `json:"-"`
	Element
	ID       string           `json:"id"`
	Required bool             `json:"required"`
	Status   ConnectionStatus `json:"status"`
	Metrics  Link             `json:"metrics"`
	Source   PEEnd            `json:"source"`
	Target   PEEnd            `json:"target"`
}

// PEEnd is an end of a connection of PEs: a source has an output port, a target an input port.
type PEEnd struct {
	Job        Link  `json:"job"`
	PE         Link  `json:"pe"`
	OutputPort *Link `json:"outputPort,omitempty"`
	InputPort  *Link `json:"inputPort,omitempty"`
}
