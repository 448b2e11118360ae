package twin

import (
	"encoding/base64"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers/twin/control"
)

// session is the cookie that an answer sets.
func session(t *testing.T, a answer) string {
	t.Helper()
	cookie, rest, _ := strings.Cut(a.header.Get("Set-Cookie"), ";")
	if cookie == "" || !strings.Contains(rest, "HttpOnly; Secure; SameSite=Strict") {
		t.Fatalf("Set-Cookie %q", a.header.Get("Set-Cookie"))
	}
	return cookie
}

// expiry is when a token says that it expires.
func expiry(t *testing.T, token string) time.Time {
	t.Helper()
	var c claims
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil || json.Unmarshal(payload, &c) != nil {
		t.Fatalf("%s: %v", token, err)
	}
	return time.Unix(c.Expires, 0)
}

// inACluster goes the way from a cluster's login to the instance.
func inACluster(t *testing.T, w *Twin, way string) {
	t.Helper()
	if a := request(t, w, "POST", clusterLogin, `{"username":"u","password":"wrong"}`); a.status != 401 {
		t.Errorf("a wrong password: %d", a.status)
	}
	login := request(t, w, "POST", clusterLogin, `{"username":"u","password":"p"}`)
	token, _ := login.object(t)["token"].(string)
	if login.status != 200 || token == "" {
		t.Fatalf("%d %s", login.status, login.body)
	}
	bearer := []string{"Authorization", "Bearer " + token}
	for _, a := range []answer{request(t, w, "GET", clusterDetails+"?displayName=i", ""), request(t, w, "POST", clusterGrant, `{"serviceInstanceId":"1"}`)} {
		if a.status != 401 {
			t.Errorf("without a token: %d", a.status)
		}
	}
	if o := request(t, w, "GET", clusterDetails+"?displayName=other", "", bearer...).object(t); o["_messageCode_"] == "success" || o["requestObj"] != nil {
		t.Errorf("an instance that is not there: %v", o)
	}
	var details struct {
		Code       string `json:"_messageCode_"`
		RequestObj struct {
			ID, ServiceInstanceType, ServiceInstanceNamespace string
			CreateArguments                                   struct {
				Metadata   struct{ Instance struct{ ID string } }
				Connection struct{ ExternalRestEndpoint, ExternalBuildEndpoint string } `json:"connection-info"`
			}
		}
	}
	if err := json.Unmarshal(request(t, w, "GET", clusterDetails+"?displayName=i", "", bearer...).body, &details); err != nil {
		t.Fatal(err)
	}
	r := details.RequestObj
	at := r.CreateArguments.Connection.ExternalRestEndpoint
	if details.Code != "success" || r.ID == "" || r.ServiceInstanceType == "" || r.ServiceInstanceNamespace == "" || r.CreateArguments.Metadata.Instance.ID != "i" ||
		r.CreateArguments.Connection.ExternalBuildEndpoint == "" || at != "https://dc1.twin:9714/streams-rest/instances/i" {
		t.Fatalf("%+v", details)
	}
	if way == "token" {
		if a := request(t, w, "POST", clusterGrant, `{"serviceInstanceId":"7"}`, bearer...); a.status != 404 {
			t.Errorf("a token for an instance that is not there: %d", a.status)
		}
		token, _ = request(t, w, "POST", clusterGrant, `{"serviceInstanceId":"`+r.ID+`"}`, bearer...).object(t)["AccessToken"].(string)
	}
	if left := time.Until(expiry(t, token)); left < 11*time.Hour { // for as long clients trust in it
		t.Errorf("a token holds for %v", left)
	}
	for _, link := range []string{at, strings.Replace(at, "/streams-rest/", "/streams-resource/", 1)} {
		if a := request(t, w, "GET", link, "", "Authorization", "Bearer "+token); a.status != 200 {
			t.Errorf("%s: %d", link, a.status)
		}
	}
}

// None of what API 5 lets in is let in by that of 7.2.
func TestOnlyTheOlderAPIHasSessionsAndClusters(t *testing.T) {
	in(t, apart(), func(t *testing.T, w *Twin, _ *control.Client) {
		a := request(t, w, "GET", "/streams/resources", "", basic...)
		if a.status != 200 || a.header.Get("Set-Cookie") != "" {
			t.Errorf("%d %v", a.status, a.header)
		}
		rec := httptest.NewRecorder()
		w.dcs[0].openSession(rec)
		if a := request(t, w, "GET", "/streams/resources", "", "Cookie", strings.Split(rec.Header().Get("Set-Cookie"), ";")[0]); a.status != 401 {
			t.Errorf("a session: %d", a.status)
		}
		if a := request(t, w, "POST", clusterLogin, `{"username":"u","password":"p"}`); a.status != 401 {
			t.Errorf("a cluster: %d", a.status)
		}
	})
}
