package twin

import (
	"net/http"

	"github.com/xdc-project/xdc/providers/twin/api"
)

// Where the API of releases 5.x is: as it is standalone, and in a cluster. Reference: sections 1.1 and 6.
const (
	olderPrefix   = "/streams/rest"
	clusterPrefix = "/streams-rest"
	clusterRoots  = "/streams-resource"
	innerPrefix   = "/streams/v1" // within later clusters, with the root at roots
)

// olderRoutes are the calls that only API 5 has.
func (d *dc) olderRoutes() []api.Route {
	const in = "/instances/{instance}"
	out := []api.Route{
		api.List("/instances", "listInstances", "Lists the instances.", "instances", "instance", func(c *api.Call) ([]api.Instance5, error) {
			return []api.Instance5{d.instance5(c)}, nil
		}),
		api.Get(in, "getInstance", "Reads an instance.", func(c *api.Call) (api.Instance5, error) { return d.instance5(c), nil }),
		api.List("/accesstokens", "listAccessTokens", "Lists the tokens that were made: none can be seen again.", "accessTokens", "accessToken", func(*api.Call) ([]api.AccessToken, error) { return nil, nil }),
		api.Send(http.MethodPost, "/accesstokens", "createAccessToken", "Makes a token to log in with.", http.StatusOK, d.makeToken),
		api.Text(in+"/productlogtrace", "getInstanceProductLogTrace", "Reads the product log and trace of an instance.", d.productLog),
		api.Get(in+"/zookeeperensemble", "getInstanceEnsemble", "Reads what coordinates an instance.", d.ensemble),
		api.List(in+"/properties", "listInstanceProperties", "Lists the properties of an instance.", "properties", "property", func(c *api.Call) ([]api.Property, error) {
			var out []api.Property
			for _, name := range sorted(d.properties(c)) {
				out = append(out, d.property(c, name))
			}
			return out, nil
		}),
		api.Get(in+"/properties/{property}", "getInstanceProperty", "Reads a property of an instance.", func(c *api.Call) (api.Property, error) {
			name := c.PathValue("property")
			if _, ok := d.properties(c)[name]; !ok {
				return api.Property{}, api.Missing("property", name)
			}
			return d.property(c, name), nil
		}),
		api.Whole(in+"/jobsnotificationssnapshot", "getJobsNotificationsSnapshot", "Reads what jobs have notified of.", nil, func(*api.Call) (api.NotificationsSnapshot, error) {
			return api.NotificationsSnapshot{Notifications: []api.Named{}}, nil
		}),
		api.Whole(in+"/jobs/{job}/notificationssnapshot", "getJobNotificationsSnapshot", "Reads what a job has notified of.", nil, func(c *api.Call) (api.NotificationsSnapshot, error) {
			_, err := d.jobAt(c)
			return api.NotificationsSnapshot{Notifications: []api.Named{}}, err
		}),
		api.List(in+"/jobs/{job}/persistentpaths", "listJobPersistentPaths", "Lists the paths that outlive a job.", "persistentPaths", "persistentPath", func(c *api.Call) ([]api.Named, error) {
			_, err := d.jobAt(c)
			return nil, err
		}),
	}
	for _, n := range d.names() {
		out = append(out, api.List(in+"/"+n.segment, "listInstance"+n.id, "Lists "+n.about+" of an instance.", n.plural, n.kind, func(*api.Call) ([]api.Named, error) {
			out := []api.Named{}
			for _, name := range n.have {
				out = append(out, api.Named{ResourceType: n.kind, Name: name})
			}
			return out, nil
		}))
	}
	return append(out, d.submissionRoutes()...)
}

// nameList is a collection of which only names are known. Assumption twin.older.
type nameList struct {
	segment, id, plural, kind, about string
	have                             []string
}

func (d *dc) names() []nameList {
	return []nameList{
		{"groups", "Groups", "groups", "group", "the user groups", []string{"streams"}},
		{"roles", "Roles", "roles", "role", "the roles", []string{"InstanceAdministrator", "InstanceUser"}},
		{"users", "Users", "users", "user", "the users", []string{d.cfg.Username}},
		{"securedobjects", "SecuredObjects", "securedObjects", "securedObject", "the secured objects", []string{"config", "jobgroup_default"}},
		{"nameserviceentries", "NameServiceEntries", "nameServiceEntries", "nameServiceEntry", "the entries of the name service", nil},
		{"notifications", "Notifications", "notifications", "notification", "the notifications", nil},
		{"trustedorigins", "TrustedOrigins", "trustedOrigins", "trustedOrigin", "the trusted origins", nil},
		{"restrictedconfigurations", "RestrictedConfigurations", "restrictedConfigurations", "restrictedConfiguration", "the restricted configurations", nil},
		{"jobmetricmetadata", "JobMetricMetadata", "jobMetricMetadata", "jobMetricMetadata", "the metrics of jobs", nil},
	}
}

// properties are those of the instance that clients ask for.
func (d *dc) properties(c *api.Call) map[string]string {
	return map[string]string{"sws.consoleUrl": "https://" + c.Host + "/streams/console", "instance.applicationNetwork": "default"}
}

func (d *dc) property(c *api.Call, name string) api.Property {
	return api.Property{Element: element("property", name, d.at(c).To("properties", name)), Name: name, Value: d.properties(c)[name]}
}

func (d *dc) instance5(c *api.Call) api.Instance5 {
	status, started := d.state()
	self := d.at(c)
	token := d.token(audience, tokenLife).AccessToken
	services := []api.InstanceState{}
	for _, s := range d.serviceList() {
		if !s.domain {
			services = append(services, api.InstanceState{Name: s.kind, Status: s.status, Leader: true})
		}
	}
	return api.Instance5{
		Element: element("instance", d.cfg.Instance, self), ID: d.cfg.Instance, StartedBy: d.cfg.Username, CreationUser: d.cfg.Username, ApplicationNetwork: "default", Status: status, Health: d.health(),
		StartTime: started, CreationTime: d.twin.start.UnixMilli(), ProductVersion: olderProduct, RestrictedTags: []string{}, ApplicationResourceTags: []string{}, BearerToken: token, ServiceToken: token,
		Services: services, ActiveViews: self.To("views").Where("started", "true"), ConfiguredViews: self.To("views"), ApplicationBundles: self.To("applicationbundles"),
		ApplicationConfigurations: self.To("applicationconfigurations"), ApplicationEnvironmentVariables: self.To("applicationenvironmentvariables"), JobGroups: self.To("jobgroups"),
		ProductLog: self.To("productlog"), ProductLogTrace: self.To("productlogtrace"), Properties: self.To("properties"), Resources: self.To("resources"), ZooKeeperEnsemble: self.To("zookeeperensemble"),
		Groups: self.To("groups"), JobMetricMetadata: self.To("jobmetricmetadata"), JobsNotificationsSnapshot: self.To("jobsnotificationssnapshot"), NameServiceEntries: self.To("nameserviceentries"),
		Notifications: self.To("notifications"), Roles: self.To("roles"), RestrictedConfigurations: self.To("restrictedconfigurations"), SecuredObjects: self.To("securedobjects"),
		TrustedOrigins: self.To("trustedorigins"), Users: self.To("users"), Work: work(self),
	}
}

// olderProduct is the version that API 5 shows: clients choose by it what they ask for. Releases before 5.2 have no pools of
// a build service, which the twin does not have.
const olderProduct = "5.1.0.0"
