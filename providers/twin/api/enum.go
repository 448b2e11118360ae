package api

// Words that may stand in a property. Reference: section 2.15; those that no source shows as REST strings are spelled by
// the rule that the others follow. Assumption twin.words.
type (
	// DomainStatus is the status of a domain.
	DomainStatus string
	// InstanceStatus is the status of an instance.
	InstanceStatus string
	// Health is the health of an instance, a job or a PE.
	Health string
	// JobStatus is the status of a job.
	JobStatus string
	// PEStatus is the status of a PE.
	PEStatus string
	// PEReason says why a PE has its status.
	PEReason string
	// Connections sums up the connections of a PE.
	Connections string
	// ConnectionStatus is the status of one connection.
	ConnectionStatus string
	// ResourceStatus is the status of a resource and of its allocation, as administrators see it.
	ResourceStatus string
	// SchedulerStatus says whether PEs are put on a resource.
	SchedulerStatus string
	// ServiceStatus is the status of a service of the platform.
	ServiceStatus string
	// TraceLevel is how much is traced.
	TraceLevel string
	// FusionScheme is how operators were put into PEs.
	FusionScheme string
	// ThreadingModel is how threads run operators.
	ThreadingModel string
	// Sharing says with whom a job shares its resources.
	Sharing string
	// ParameterKind is the kind of a submission parameter.
	ParameterKind string
	// Transport is how PEs are connected.
	Transport string
	// ImportType is how a port imports streams.
	ImportType string
	// ExportType is how a port exports its stream.
	ExportType string
	// MetricKind is the kind of a metric.
	MetricKind string
	// MetricType says whose metric it is.
	MetricType string
	// BufferUnit is what a view's buffer is measured in.
	BufferUnit string
	// SubmissionStatus is the status of an asynchronous submission of API 5.
	SubmissionStatus string
)

// Enumerated is implemented by words: it lists all there are.
type Enumerated interface{ Words() []string }

// Words implements Enumerated.
func (DomainStatus) Words() []string {
	return []string{"running", "stopping", "stopped", "starting", "removing", "unknown"}
}

// Words implements Enumerated.
func (InstanceStatus) Words() []string {
	return []string{"running", "stopped", "failed", "unknown", "starting", "stopping", "partiallyRunning", "partiallyFailed"}
}

// Words implements Enumerated.
func (Health) Words() []string {
	return []string{"healthy", "partiallyHealthy", "partiallyUnhealthy", "unhealthy", "unknown"}
}

// Words implements Enumerated.
func (JobStatus) Words() []string {
	return []string{"running", "canceling", "canceled", "constructed", "unknown", "failed"}
}

// Words implements Enumerated.
func (PEStatus) Words() []string {
	return []string{"running", "constructed", "restarting", "starting", "stopped", "stopping", "unknown", "submitted"}
}

// Words implements Enumerated.
func (PEReason) Words() []string {
	return []string{"none", "automatic", "crash", "failure", "hostFailure", "request", "voluntary", "noFeasibleHost", "setCapabilitiesFailure", "notRestartableFailure"}
}

// Words implements Enumerated.
func (Connections) Words() []string {
	return []string{"connected", "partiallyConnected", "disconnected", "unknown"}
}

// Words implements Enumerated.
func (ConnectionStatus) Words() []string { return []string{"connected", "disconnected", "unknown"} }

// Words implements Enumerated.
func (ResourceStatus) Words() []string {
	return []string{"FAILED", "PARTIALLY_FAILED", "PARTIALLY_RUNNING", "QUIESCED", "QUIESCING", "RESTARTING", "RESUMING", "RUNNING", "STARTING", "STOPPED", "UNKNOWN"}
}

// Words implements Enumerated.
func (SchedulerStatus) Words() []string {
	return []string{"schedulable", "draining", "degraded", "failed", "starting", "stopped", "unknown", "notApplicable"}
}

// Words implements Enumerated.
func (ServiceStatus) Words() []string {
	return []string{"stopped", "running", "failed", "unknown", "degraded", "waiting"}
}

// Words implements Enumerated.
func (TraceLevel) Words() []string {
	return []string{"off", "error", "warn", "info", "debug", "trace"}
}

// Words implements Enumerated.
func (FusionScheme) Words() []string { return []string{"automatic", "manual", "legacy"} }

// Words implements Enumerated.
func (ThreadingModel) Words() []string {
	return []string{"manual", "automatic", "dynamic", "dedicated", "notSpecified"}
}

// Words implements Enumerated.
func (Sharing) Words() []string { return []string{"sameJob", "sameUser", "sameInstance"} }

// Words implements Enumerated.
func (ParameterKind) Words() []string { return []string{"named"} }

// Words implements Enumerated.
func (Transport) Words() []string { return []string{"tcp", "llm-rum-tcp", "llm-rum-ib"} }

// Words implements Enumerated.
func (ImportType) Words() []string { return []string{"name", "subscription"} }

// Words implements Enumerated.
func (ExportType) Words() []string { return []string{"name", "properties", "unknown"} }

// Words implements Enumerated.
func (MetricKind) Words() []string { return []string{"counter", "gauge", "time", "unknown"} }

// Words implements Enumerated.
func (MetricType) Words() []string { return []string{"system", "custom", "unknown"} }

// Words implements Enumerated.
func (BufferUnit) Words() []string { return []string{"seconds", "tuples", "unknown"} }

// Words implements Enumerated. Other words than the last four mean that it goes on.
func (SubmissionStatus) Words() []string {
	return []string{"submission.inProgress", "submission.complete", "submission.failedProcessingBuild", "submission.failedProcessingJob", "job.submitFailed"}
}
