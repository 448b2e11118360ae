package streams

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
)

// machine is a resource of a domain that takes a while to come to rest.
type machine struct {
	mu     sync.Mutex
	status string
	asked  []string
}

func (m *machine) serve(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.Method == http.MethodPost {
		b, _ := io.ReadAll(r.Body)
		m.asked = append(m.asked, string(b))
		switch string(b) {
		case `{"type":"quiesce"}`:
			m.status = "QUIESCING"
		case `{"type":"resume"}`:
			m.status = "RUNNING"
		}
		w.WriteHeader(http.StatusNoContent)
		return
	}
	was := m.status
	if was == "QUIESCING" {
		m.status = "QUIESCED"
	}
	one := object{"id": "r 1", "self": "/streams/domains/d/resources/r%201", "displayName": "edge1", "status": was}
	if strings.HasSuffix(r.URL.Path, "/resources") {
		one = object{"resources": []object{one}}
	}
	_ = json.NewEncoder(w).Encode(one)
}

func (m *machine) server() *server {
	return &server{status: "running", more: map[string]http.HandlerFunc{
		"GET /streams/domains":                            serveText(`{"domains":[{"id":"d"}]}`),
		"GET /streams/domains/d/resources":                m.serve,
		"GET /streams/domains/d/resources/r%201":          m.serve,
		"POST /streams/domains/d/resources/r%201/actions": m.serve,
	}}
}

func TestAQuiescedResourceConforms(t *testing.T) { providertest.Run(t, resourceFault(), aResource) }

func TestHostileValuesAreNothingButText(t *testing.T) {
	providertest.Hostile(t, resourceFault(), aResource)
}

// aResource is a world with a resource.
func aResource(t *testing.T, try func(*testing.T, *providertest.World)) {
	t.Helper()
	m := &machine{status: "RUNNING"}
	on(t, m.server(), func(t *testing.T, env providers.Env, _ *Session) {
		try(t, &providertest.World{
			Env: env, ID: providers.StepID{Run: env.Run, Step: "fault.streams_resource.x"}, Secrets: []string{"s3cret"},
			Args:  json.RawMessage(`{"target":"dc1","resource":"EDGE1","via":"rest"}`),
			Fresh: func() providers.Env { return env },
			State: func(context.Context) (string, error) {
				m.mu.Lock()
				defer m.mu.Unlock()
				return m.status, nil
			},
		})
		<-time.After(time.Minute)
	})
}

func TestAResourceThatCannotBeQuiescedIsRefused(t *testing.T) {
	for name, tc := range map[string]struct{ status, resource, want string }{
		"unknown":  {"RUNNING", "edge9", `find the resource "edge9" at dc1: there is none; there are r 1`},
		"quiesced": {"QUIESCED", "edge1", "it is quiesced; only one that is running"},
	} {
		t.Run(name, func(t *testing.T) {
			m := &machine{status: tc.status}
			on(t, m.server(), func(t *testing.T, env providers.Env, _ *Session) {
				_, err := quiesce{env}.Prepare(t.Context(), providers.StepID{Run: "r", Step: "s"}, json.RawMessage(`{"target":"dc1","resource":"`+tc.resource+`"}`))
				if err == nil || !strings.Contains(err.Error(), tc.want) || len(m.asked) > 0 {
					t.Errorf("it says %v, and the server was asked for %v", err, m.asked)
				}
			})
		})
	}
}
