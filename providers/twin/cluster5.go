package twin

import (
	"encoding/json"
	"net/http"

	"github.com/xdc-project/xdc/providers/twin/api"
)

// What clients of API 5 ask a cluster for before they know where the instance is. Reference: tags PY and JV.
const (
	clusterLogin    = "/icp4d-api/v1/authorize"
	clusterDetails  = "/zen-data/v2/serviceInstance/details"
	clusterGrant    = "/zen-data/v2/serviceInstance/token"
	clusterInstance = "1" // its id there
)

// maxLogin bounds what is sent to log in.
const maxLogin = 64 << 10

// inCluster adds a cluster's own login, and its word on where the instance is, to the API. Its errors have a shape of their
// own. Assumption twin.older.
func (d *dc) inCluster(h http.Handler) http.Handler {
	calls := map[string]http.Handler{
		http.MethodPost + clusterLogin:  http.HandlerFunc(d.loginToCluster),
		http.MethodGet + clusterDetails: d.authenticated(http.HandlerFunc(d.instanceInCluster)),
		http.MethodPost + clusterGrant:  d.authenticated(http.HandlerFunc(d.tokenInCluster)),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if call := calls[r.Method+r.URL.Path]; call != nil {
			call.ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// loginToCluster makes a token for who has the user's name and password.
func (d *dc) loginToCluster(w http.ResponseWriter, r *http.Request) {
	var in struct{ Username, Password string }
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, maxLogin)).Decode(&in) != nil || in.Username != d.cfg.Username || in.Password != d.cfg.Password {
		refuseInCluster(w, http.StatusUnauthorized, "The user name or the password is not valid.")
		return
	}
	reply(w, http.StatusOK, object{"_messageCode_": "success", "message": "success", "token": d.token(audience, clusterLife).AccessToken})
}

// tokenInCluster makes a token for an instance.
func (d *dc) tokenInCluster(w http.ResponseWriter, r *http.Request) {
	var in struct{ ServiceInstanceID string }
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, maxLogin)).Decode(&in) != nil || in.ServiceInstanceID != clusterInstance {
		refuseInCluster(w, http.StatusNotFound, "There is no such service instance.")
		return
	}
	reply(w, http.StatusOK, object{"_messageCode_": "success", "message": "success", "AccessToken": d.token(audience, clusterLife).AccessToken})
}

// instanceInCluster says where an instance is that is known by its name.
func (d *dc) instanceInCluster(w http.ResponseWriter, r *http.Request) {
	name := d.cfg.Instance
	if r.URL.Query().Get("displayName") != name {
		refuseInCluster(w, http.StatusNotFound, "There is no such service instance.")
		return
	}
	at := func(prefix string) api.Link { return api.Link("https://"+r.Host+prefix).To("instances", name) }
	reply(w, http.StatusOK, object{"_messageCode_": "success", "message": "success", "requestObj": object{
		"ID": clusterInstance, "DisplayName": name, "ServiceInstanceType": "streams", "ServiceInstanceNamespace": d.cfg.Name,
		"CreateArguments": object{
			"metadata": object{"instance": object{"id": name}},
			// Clients insist on a build service's URL, too, which nothing answers at.
			"connection-info": object{
				"externalRestEndpoint": at(clusterPrefix), "externalRestResourceEndpoint": at(clusterRoots), "externalBuildEndpoint": "https://" + r.Host + "/streams-build/instances/" + name,
			},
		},
	}})
}

func refuseInCluster(w http.ResponseWriter, status int, text string) {
	reply(w, status, object{"_messageCode_": http.StatusText(status), "message": text})
}
