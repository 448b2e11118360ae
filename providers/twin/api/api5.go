package api

import "encoding/json"

// Instance5 is an instance as API 5 shows it. Reference: section 2.2.
type Instance5 struct {
	Element
	ID                              string          `json:"id"`
	StartedBy                       string          `json:"startedBy"`
	CreationUser                    string          `json:"creationUser"`
	ApplicationNetwork              string          `json:"applicationNetwork"`
	Status                          InstanceStatus  `json:"status"`
	Health                          Health          `json:"health"`
	StartTime                       int64           `json:"startTime" unit:"ms since the epoch"`
	CreationTime                    int64           `json:"creationTime" unit:"ms since the epoch"`
	ProductVersion                  string          `json:"productVersion"`
	RestrictedTags                  []string        `json:"restrictedTags"`
	ApplicationResourceTags         []string        `json:"applicationResourceTags"`
	BearerToken                     string          `json:"bearerToken"`
	ServiceToken                    string          `json:"serviceToken"`
	Services                        []InstanceState `json:"services"`
	ActiveViews                     Link            `json:"activeViews"`
	ConfiguredViews                 Link            `json:"configuredViews"`
	ApplicationBundles              Link            `json:"applicationBundles"`
	ApplicationConfigurations       Link            `json:"applicationConfigurations"`
	ApplicationEnvironmentVariables Link            `json:"applicationEnvironmentVariables"`
	JobGroups                       Link            `json:"jobGroups"`
	ProductLog                      Link            `json:"productLog"`
	ProductLogTrace                 Link            `json:"productLogTrace"`
	Properties                      Link            `json:"properties"`
	Resources                       Link            `json:"resources"`
	ZooKeeperEnsemble               Link            `json:"zooKeeperEnsemble"`
	Groups                          Link            `json:"groups"`
	JobMetricMetadata               Link            `json:"jobMetricMetadata"`
	JobsNotificationsSnapshot       Link            `json:"jobsNotificationsSnapshot"`
	NameServiceEntries              Link            `json:"nameServiceEntries"`
	Notifications                   Link            `json:"notifications"`
	Roles                           Link            `json:"roles"`
	RestrictedConfigurations        Link            `json:"restrictedConfigurations"`
	SecuredObjects                  Link            `json:"securedObjects"`
	TrustedOrigins                  Link            `json:"trustedOrigins"`
	Users                           Link            `json:"users"`
	Work
}

// InstanceState is a service of an instance in API 5.
type InstanceState struct {
	Name   string        `json:"name"`
	Status ServiceStatus `json:"status"`
	Leader bool          `json:"leader"`
}

// Property is one property of an instance in API 5.
type Property struct {
	Element
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Named is an element of which only the name is known, such as a user.
type Named struct {
	ResourceType string `json:"resourceType"`
	Name         string `json:"name"`
}

// AccessToken is a token to log in with. Times are in seconds since the epoch.
type AccessToken struct {
	AccessToken string `json:"accessToken"`
	IssueTime   int64  `json:"issueTime" unit:"s since the epoch"`
	ExpireTime  int64  `json:"expireTime" unit:"s since the epoch"`
}

// TokenRequest is how a token is asked for.
type TokenRequest struct {
	Audience Audience `json:"audience"`
}

// Audience is whom a token is for. Clients in Python and JavaScript send one word, those in Java a list of words.
// Reference: tags PY, N and JV.
type Audience []string

// UnmarshalJSON implements json.Unmarshaler.
func (a *Audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = Audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// JobSubmission is an asynchronous submission. Reference: section 3.2.
type JobSubmission struct {
	Element
	ID            string           `json:"id"`
	Status        SubmissionStatus `json:"status"`
	Job           *Link            `json:"job"`
	FailureReason *FailureReason   `json:"failureReason"`
	LogMessages   Link             `json:"logMessages"`
}

// FailureReason is why a submission failed.
type FailureReason struct {
	Message string `json:"message"`
}

// NotificationsSnapshot is what a job, or all jobs, have notified of.
type NotificationsSnapshot struct {
	Notifications []Named `json:"notifications"`
}
