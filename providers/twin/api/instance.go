package api

// Instance is an instance. Reference: section 2.2.
type Instance struct {
	Element
	ID                              string         `json:"id"`
	Owner                           string         `json:"owner"`
	StartedBy                       string         `json:"startedBy"`
	CreationUser                    string         `json:"creationUser"`
	ApplicationNetwork              string         `json:"applicationNetwork"`
	Status                          InstanceStatus `json:"status"`
	Health                          Health         `json:"health"`
	StartTime                       int64          `json:"startTime" unit:"ms since the epoch"`
	CreationTime                    int64          `json:"creationTime" unit:"ms since the epoch"`
	ActiveVersion                   Version        `json:"activeVersion"`
	RestrictedTags                  []string       `json:"restrictedTags"`
	Domain                          Link           `json:"domain"`
	Hosts                           Link           `json:"hosts"`
	ResourceAllocations             Link           `json:"resourceAllocations"`
	ActiveServices                  Link           `json:"activeServices"`
	ActiveViews                     Link           `json:"activeViews"`
	ConfiguredViews                 Link           `json:"configuredViews"`
	ApplicationBundles              Link           `json:"applicationBundles"`
	ProductLog                      Link           `json:"productLog"`
	JobGroups                       Link           `json:"jobGroups"`
	ApplicationConfigurations       Link           `json:"applicationConfigurations"`
	ApplicationEnvironmentVariables Link           `json:"applicationEnvironmentVariables"`
	Work
}

// Work are the links to what runs in an instance.
type Work struct {
	Jobs                Link `json:"jobs"`
	PEs                 Link `json:"pes"`
	Operators           Link `json:"operators"`
	PEConnections       Link `json:"peConnections"`
	OperatorConnections Link `json:"operatorConnections"`
	Views               Link `json:"views"`
	ExportedStreams     Link `json:"exportedStreams"`
	ImportedStreams     Link `json:"importedStreams"`
	JobsSnapshot        Link `json:"jobsSnapshot"`
	JobsMetricsSnapshot Link `json:"jobsMetricsSnapshot"`
}

// JobGroup is a group of jobs. Reference: section 2.4.
type JobGroup struct {
	Element
	Name string `json:"name"`
}

// ApplicationConfiguration is a set of properties that applications read. Reference: section 2.12.
type ApplicationConfiguration struct {
	Element
	Name             string            `json:"name"`
	Description      string            `json:"description"`
	Owner            string            `json:"owner"`
	Properties       map[string]string `json:"properties"`
	CreationTime     int64             `json:"creationTime" unit:"ms since the epoch"`
	LastModifiedTime int64             `json:"lastModifiedTime" unit:"ms since the epoch"`
}

// ConfigurationChange is what a configuration is made of or changed by. A property of null is deleted.
type ConfigurationChange struct {
	Name        *string            `json:"name,omitempty"`
	Description *string            `json:"description,omitempty"`
	Properties  map[string]*string `json:"properties,omitempty"`
}

// EnvironmentVariable is a variable that applications see. Its shape is in no public source. Assumption
// twin.environment.
type EnvironmentVariable struct {
	Element
	Name  string `json:"name"`
	Value string `json:"value"`
}

// VariableChange is what a variable is made of or changed by.
type VariableChange struct {
	Name  *string `json:"name,omitempty"`
	Value *string `json:"value,omitempty"`
}

// Bundle is an application that was uploaded. Reference: section 3.1.
type Bundle struct {
	BundleID string `json:"bundleId"`
}

// Action is what a resource is told to do. Reference: section 3.7.
type Action struct {
	Type  string `json:"type"`
	Force bool   `json:"force,omitempty"`
}

// View is a view of a stream. Reference: section 2.10.
type View struct {
	Element
	ID                    string          `json:"id"`
	Name                  string          `json:"name"`
	Description           string          `json:"description"`
	LogicalOperatorName   string          `json:"logicalOperatorName"`
	ActivateOption        string          `json:"activateOption"`
	BufferCapacityUnits   BufferUnit      `json:"bufferCapacityUnits"`
	BufferCapacitySeconds int64           `json:"bufferCapacitySeconds"`
	BufferCapacityTuples  int64           `json:"bufferCapacityTuples"`
	MaximumTupleRate      int64           `json:"maximumTupleRate" unit:"tuples a second"`
	FilterAttribute       *string         `json:"filterAttribute"`
	FilterExpression      *string         `json:"filterExpression"`
	FilterData            bool            `json:"filterData"`
	Started               bool            `json:"started"`
	Attributes            []ViewAttribute `json:"attributes"`
	Job                   Link            `json:"job"`
	Instance              Link            `json:"instance"`
	Domain                *Link           `json:"domain,omitempty"` // not in API 5: clients follow it where it is
	Ports                 Link            `json:"ports"`
	ViewItems             Link            `json:"viewItems"`
}

// ViewAttribute is an attribute of the tuples of a view.
type ViewAttribute struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// ViewItem is one tuple of a view.
type ViewItem struct {
	CollectionTime int64          `json:"collectionTime" unit:"ms since the epoch"`
	Data           map[string]any `json:"data"`
	Channel        *int64         `json:"channel"`
	Channels       []Channel      `json:"channels"`
	ResourceType   string         `json:"resourceType"`
}
