package api

// Link is a URI that answers.
type Link string

// Root is what discovery begins with. Reference: section 1.1.
type Root struct {
	Resources []Entry `json:"resources"`
}

// Entry is one collection that the root leads to.
type Entry struct {
	Name     string `json:"name"`
	Resource Link   `json:"resource"`
}

// Element is what every resource with an id has.
type Element struct {
	ResourceType string `json:"resourceType"`
	RestID       string `json:"restid"`
	Self         Link   `json:"self"`
}

// Version is the version of the product that runs.
type Version struct {
	Architecture          string `json:"architecture"`
	BuildVersion          string `json:"buildVersion"`
	EditionName           string `json:"editionName"`
	FullProductVersion    string `json:"fullProductVersion"`
	HotFix                string `json:"hotFix"`
	MinimumOSBaseVersion  string `json:"minimumOSBaseVersion"`
	MinimumOSPatchVersion string `json:"minimumOSPatchVersion"`
	MinimumOSVersion      string `json:"minimumOSVersion"`
	ProductName           string `json:"productName"`
	ProductVersion        string `json:"productVersion"`
}

// Domain is a domain. Reference: section 2.1.
type Domain struct {
	Element
	ID                        string        `json:"id"`
	Status                    DomainStatus  `json:"status"`
	StartTime                 int64         `json:"startTime" unit:"ms since the epoch"`
	CreationTime              int64         `json:"creationTime" unit:"ms since the epoch"`
	CreationUser              string        `json:"creationUser"`
	ZooKeeperConnectionString string        `json:"zooKeeperConnectionString"`
	Instances                 Link          `json:"instances"`
	Hosts                     Link          `json:"hosts"`
	Resources                 Link          `json:"resources"`
	ResourceTags              []ResourceTag `json:"resourceTags"`
	ActiveServices            Link          `json:"activeServices"`
	ResourceAllocations       Link          `json:"resourceAllocations"`
	ProductLog                Link          `json:"productLog"`
	ZooKeeperEnsemble         Link          `json:"zooKeeperEnsemble"`
	ActiveVersion             Version       `json:"activeVersion"`
}

// ResourceTag is a tag that resources may have.
type ResourceTag struct {
	Name                       string            `json:"name"`
	Description                string            `json:"description"`
	Reserved                   bool              `json:"reserved"`
	DefinitionFormatProperties bool              `json:"definitionFormatProperties"`
	PropertiesDefinition       map[string]string `json:"propertiesDefinition"`
}

// Ensemble is what coordinates a domain. Only its connection string is in a public source.
type Ensemble struct {
	ResourceType     string `json:"resourceType"`
	ConnectionString string `json:"connectionString"`
}

// Resource is a machine of a domain. Reference: section 2.9.
type Resource struct {
	Related `json:"-"`
	Element
	ID             string         `json:"id"`
	DisplayName    string         `json:"displayName"`
	IPAddress      string         `json:"ipAddress"`
	Status         ResourceStatus `json:"status"`
	Type           string         `json:"type"`
	Tags           []string       `json:"tags"`
	RestrictedTags []string       `json:"restrictedTags"`
	ServiceStatus  []ServiceState `json:"serviceStatus"`
	Metrics        Link           `json:"metrics"`
	ActiveServices Link           `json:"activeServices"`
	Allocations    Link           `json:"allocations"`
	Installations  Link           `json:"installations"`
	Domain         *Link          `json:"domain,omitempty"` // not in API 5
}

// ServiceState is a service of a resource in short.
type ServiceState struct {
	Type   string        `json:"type"`
	Status ServiceStatus `json:"status"`
}

// Installation is a product that is installed on a resource. Only that there is a list is in a public source.
type Installation struct {
	ResourceType   string `json:"resourceType"`
	ProductVersion string `json:"productVersion"`
}

// Host is a machine as older servers show it. Reference: section 2.9.
type Host struct {
	Related `json:"-"`
	Element
	Name           string          `json:"name"`
	IPAddress      string          `json:"ipAddress"`
	Status         ResourceStatus  `json:"status"`
	SchedulerState SchedulerStatus `json:"schedulerState"`
	ProcessorCount int64           `json:"processorCount"`
	Services       []string        `json:"services"`
	Tags           []string        `json:"tags"`
	RestrictedTags []string        `json:"restrictedTags"`
	Jobs           Link            `json:"jobs"`
	PEs            Link            `json:"pes"`
	Metrics        Link            `json:"metrics"`
	Instance       Link            `json:"instance"`
	Domain         Link            `json:"domain"`
}

// ResourceAllocation is a resource as an instance has it. Reference: section 2.9.
type ResourceAllocation struct {
	Related `json:"-"`
	Element
	Status                ResourceStatus        `json:"status"`
	SchedulerStatus       SchedulerStatus       `json:"schedulerStatus"`
	ApplicationResource   bool                  `json:"applicationResource"`
	Resource              Link                  `json:"resource"`
	Instance              Link                  `json:"instance"`
	Domain                *Link                 `json:"domain,omitempty"` // not in API 5
	ActiveServices        Link                  `json:"activeServices"`
	Jobs                  Link                  `json:"jobs"`
	PEs                   Link                  `json:"pes"`
	ResourceSpecification ResourceSpecification `json:"resourceSpecification"`
	ServiceStatus         []ServiceState        `json:"serviceStatus"`
}

// ResourceSpecification is what an instance asked for.
type ResourceSpecification struct {
	ID             string   `json:"id"`
	Tags           []string `json:"tags"`
	RestrictedTags []string `json:"restrictedTags"`
	ResourceCount  int64    `json:"resourceCount"`
	Exclusive      bool     `json:"exclusive"`
}

// ActiveService is a running service of the platform. Reference: section 2.9.
type ActiveService struct {
	Related `json:"-"`
	Element
	Type               string        `json:"type"`
	Status             ServiceStatus `json:"status"`
	ProcessID          string        `json:"processId"`
	Leader             bool          `json:"leader"`
	StartTime          int64         `json:"startTime" unit:"ms since the epoch"`
	Resource           *Link         `json:"resource,omitempty"`           // of a service of the domain
	ResourceAllocation *Link         `json:"resourceAllocation,omitempty"` // of one of the instance
	Instance           *Link         `json:"instance,omitempty"`
	Domain             *Link         `json:"domain,omitempty"`
	// ConnectionURL is documented for services of the domain. That the data service has one is assumption
	// data.discovery.
	ConnectionURL         string `json:"connectionUrl,omitempty"`
	ConnectionURLExternal string `json:"connectionUrlExternal,omitempty"`
}

// Metric is one metric. Reference: section 2.8.
type Metric struct {
	Name              string     `json:"name"`
	Value             int64      `json:"value"`
	MetricKind        MetricKind `json:"metricKind"`
	MetricType        MetricType `json:"metricType"`
	Description       string     `json:"description"`
	LastTimeRetrieved int64      `json:"lastTimeRetrieved" unit:"ms since the epoch"`
	ResourceType      string     `json:"resourceType"`
}
