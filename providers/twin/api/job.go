package api

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
)

// Job is a job. Reference: section 2.3.
type Job struct {
	Related `json:"-"`
	Element
	ID                           string            `json:"id"`
	Name                         string            `json:"name"`
	Status                       JobStatus         `json:"status"`
	Health                       Health            `json:"health"`
	ApplicationName              string            `json:"applicationName"`
	ApplicationVersion           string            `json:"applicationVersion"`
	ApplicationPath              string            `json:"applicationPath"`
	ApplicationScope             string            `json:"applicationScope"`
	ADLFile                      *string           `json:"adlFile"`
	OutputPath                   *string           `json:"outputPath"`
	DataPath                     *string           `json:"dataPath"`
	CheckpointPath               *string           `json:"checkpointPath"`
	JobGroup                     string            `json:"jobGroup"` // its name; in API 5 its link
	StartedBy                    string            `json:"startedBy"`
	SubmitTime                   int64             `json:"submitTime" unit:"ms since the epoch"`
	ProductVersion               string            `json:"productVersion"`
	SubmitParameters             []SubmitParameter `json:"submitParameters"`
	FusionScheme                 FusionScheme      `json:"fusionScheme"`
	ThreadingModel               ThreadingModel    `json:"threadingModel"`
	DynamicThreadingThreadCount  *int64            `json:"dynamicThreadingThreadCount"`
	DynamicThreadingElastic      *bool             `json:"dynamicThreadingElastic"`
	JobResourceSharing           Sharing           `json:"jobResourceSharing"`
	ProposedOperatorsPerResource int64             `json:"proposedOperatorsPerResource"`
	TopologyUpdating             bool              `json:"topologyUpdating"`
	GenerationID                 int64             `json:"generationId"`
	Instance                     Link              `json:"instance"`
	PEs                          Link              `json:"pes"`
	Operators                    Link              `json:"operators"`
	PEConnections                Link              `json:"peConnections"`
	OperatorConnections          Link              `json:"operatorConnections"`
	Views                        Link              `json:"views"`
	Snapshot                     Link              `json:"snapshot"`
	MetricsSnapshot              Link              `json:"metricsSnapshot"`
	ApplicationLogTrace          Link              `json:"applicationLogTrace"`
	ProductLog                   Link              `json:"productLog"`
	// Those of 4.x and 7.x.
	Domain              *Link `json:"domain,omitempty"`
	ResourceAllocations *Link `json:"resourceAllocations,omitempty"`
	Hosts               *Link `json:"hosts,omitempty"`
	// Those of 5.x.
	Resources             *Link `json:"resources,omitempty" api:"5"`
	Notifications         *Link `json:"notifications,omitempty" api:"5"`
	NotificationsSnapshot *Link `json:"notificationsSnapshot,omitempty" api:"5"`
	PersistentPaths       *Link `json:"persistentPaths,omitempty" api:"5"`
}

// SubmitParameter is a parameter that a job was submitted with.
type SubmitParameter struct {
	Name          string        `json:"name"`
	Value         *string       `json:"value"`
	Values        []string      `json:"values"`
	DefaultValue  *string       `json:"defaultValue"`
	Required      bool          `json:"required"`
	Composite     string        `json:"composite"`
	ParameterKind ParameterKind `json:"parameterKind"`
}

// Submission is what is asked for. Reference: sections 3.2 and 3.5.
type Submission struct {
	Application             string          `json:"application,omitempty"`
	ApplicationCredentials  json.RawMessage `json:"applicationCredentials,omitempty"`
	BuildsCredentials       json.RawMessage `json:"buildsCredentials,omitempty"`
	JobConfigurationOverlay *Overlays       `json:"jobConfigurationOverlay,omitempty"`
	Preview                 bool            `json:"preview,omitempty"`
}

// Overlays is a job configuration overlay; only its first element counts. Reference: section 3.6.
type Overlays struct {
	Comment           string    `json:"comment,omitempty"`
	JobConfigOverlays []Overlay `json:"jobConfigOverlays"`
}

// First is the element that counts.
func (o *Overlays) First() Overlay {
	if o == nil || len(o.JobConfigOverlays) == 0 {
		return Overlay{}
	}
	return o.JobConfigOverlays[0]
}

// Overlay is one element of an overlay.
type Overlay struct {
	JobConfig          JobConfig        `json:"jobConfig"`
	DeploymentConfig   DeploymentConfig `json:"deploymentConfig"`
	OperatorConfigs    json.RawMessage  `json:"operatorConfigs,omitempty"`
	ConfigInstructions struct {
		AdjustmentSection []Adjustment `json:"adjustmentSection,omitempty"`
	} `json:"configInstructions"`
	OperationConfig struct {
		ForcePEStopped bool `json:"forcePeStopped,omitempty"`
	} `json:"operationConfig"`
}

// JobConfig is how the job is called, and what it is given.
type JobConfig struct {
	JobName              string      `json:"jobName,omitempty"`
	JobGroup             string      `json:"jobGroup,omitempty"`
	DataDirectory        string      `json:"dataDirectory,omitempty"`
	Tracing              TraceLevel  `json:"tracing,omitempty"`
	SubmissionParameters []Parameter `json:"submissionParameters,omitempty"`
}

// Parameter is a submission parameter with its value.
type Parameter struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// UnmarshalJSON implements json.Unmarshaler. A value may be a number or a boolean, too: clients send what their users
// have assigned. Reference: tag PYC.
func (p *Parameter) UnmarshalJSON(b []byte) error {
	var said struct {
		Name  string `json:"name"`
		Value any    `json:"value"`
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber() // it is kept as it was written
	if err := dec.Decode(&said); err != nil {
		return err
	}
	switch v := said.Value.(type) {
	case nil:
	case string:
		p.Value = v
	case json.Number:
		p.Value = v.String()
	case bool:
		p.Value = strconv.FormatBool(v)
	default:
		return &json.UnmarshalTypeError{Value: "array or object", Type: reflect.TypeFor[string](), Field: "submissionParameters.value"}
	}
	p.Name = said.Name
	return nil
}

// DeploymentConfig is how the job is spread.
type DeploymentConfig struct {
	FusionScheme                FusionScheme   `json:"fusionScheme,omitempty"`
	ThreadingModel              ThreadingModel `json:"threadingModel,omitempty"`
	DynamicThreadingThreadCount *int64         `json:"dynamicThreadingThreadCount,omitempty"`
	DynamicThreadingElastic     *bool          `json:"dynamicThreadingElastic,omitempty"`
	JobResourceSharing          Sharing        `json:"jobResourceSharing,omitempty"`
}

// Adjustment is a change of a parallel region's width.
type Adjustment struct {
	TargetParallelRegion struct {
		RegionName string `json:"regionName"`
		NewWidth   int64  `json:"newWidth"`
	} `json:"targetParallelRegion"`
}

// Preview is what a submission would become.
type Preview struct {
	Preview bool         `json:"preview"`
	Name    *string      `json:"name"`
	PEs     []PreviewedP `json:"pes"`
}

// PreviewedP is a PE of a preview.
type PreviewedP struct {
	IndexWithinJob int64    `json:"indexWithinJob"`
	Operators      []string `json:"operators"`
}
