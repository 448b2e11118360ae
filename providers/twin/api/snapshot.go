package api

// JobSnapshots are the snapshots of several jobs.
type JobSnapshots struct {
	Jobs []JobSnapshot `json:"jobs"`
}

// JobSnapshot is a job with its parts. What never changes is left out unless asked for. Reference: section 2.13.
type JobSnapshot struct {
	ID              string       `json:"id"`
	Name            string       `json:"name"`
	Instance        string       `json:"instance"`
	Status          JobStatus    `json:"status"`
	Health          Health       `json:"health"`
	SubmitTime      int64        `json:"submitTime" unit:"ms since the epoch"`
	GenerationID    int64        `json:"generationId"`
	Self            Link         `json:"self"`
	ApplicationName string       `json:"applicationName,omitempty"`
	PEs             []PESnapshot `json:"pes"`
}

// PESnapshot is a PE with its operators.
type PESnapshot struct {
	ID          string             `json:"id"`
	Resource    string             `json:"resource"`
	Status      PEStatus           `json:"status"`
	Health      Health             `json:"health"`
	LaunchCount int64              `json:"launchCount"`
	Operators   []OperatorSnapshot `json:"operators"`
}

// OperatorSnapshot is an operator with its ports.
type OperatorSnapshot struct {
	Name         string         `json:"name"`
	OperatorKind string         `json:"operatorKind,omitempty"`
	InputPorts   []PortSnapshot `json:"inputPorts,omitempty"`
	OutputPorts  []PortSnapshot `json:"outputPorts,omitempty"`
}

// PortSnapshot is a port of an operator.
type PortSnapshot struct {
	IndexWithinOperator int64  `json:"indexWithinOperator"`
	Name                string `json:"name"`
}

// JobsMetrics are the metrics of several jobs.
type JobsMetrics struct {
	Jobs []JobMetrics `json:"jobs"`
}

// JobMetrics are the metrics of a job's parts, as they were collected last.
type JobMetrics struct {
	ID  string      `json:"id"`
	PEs []PEMetrics `json:"pes"`
}

// PEMetrics are the metrics of a PE and of what is in it.
type PEMetrics struct {
	ID          string            `json:"id"`
	Metrics     []Metric          `json:"metrics"`
	InputPorts  []PEPortMetrics   `json:"inputPorts"`
	OutputPorts []PEOutMetrics    `json:"outputPorts"`
	Operators   []OperatorMetrics `json:"operators"`
}

// PEPortMetrics are the metrics of a PE's port.
type PEPortMetrics struct {
	IndexWithinPE int64    `json:"indexWithinPE"`
	Metrics       []Metric `json:"metrics"`
}

// PEOutMetrics are the metrics of an output port of a PE and of its connections.
type PEOutMetrics struct {
	PEPortMetrics
	Connections []ConnectionMetrics `json:"connections"`
}

// ConnectionMetrics are the metrics of one connection.
type ConnectionMetrics struct {
	ID      string   `json:"id"`
	Metrics []Metric `json:"metrics"`
}

// OperatorMetrics are the metrics of an operator and of its ports.
type OperatorMetrics struct {
	Name        string        `json:"name"`
	Metrics     []Metric      `json:"metrics"`
	InputPorts  []PortMetrics `json:"inputPorts"`
	OutputPorts []PortMetrics `json:"outputPorts"`
}

// PortMetrics are the metrics of an operator's port.
type PortMetrics struct {
	IndexWithinOperator int64    `json:"indexWithinOperator"`
	Metrics             []Metric `json:"metrics"`
}
