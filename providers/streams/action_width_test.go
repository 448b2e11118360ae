package streams

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/providers"
)

// wide is a server with a job whose region has a width.
func wide(width *int, got *[]string) *server {
	srv := &server{status: "running", jobs: []object{job("5", "orders", "running", "healthy", pe("3", "running", 1))}}
	srv.more = map[string]http.HandlerFunc{
		"GET /streams/instances/i/operators": func(w http.ResponseWriter, _ *http.Request) {
			ops := []object{{"name": "Source"}}
			if *width == 1 {
				ops = append(ops, object{"name": "Main.Par.Count", "logicalName": "Main.Par.Count", "channel": nil})
			}
			for c := range *width {
				if *width == 1 {
					break
				}
				ops = append(ops, object{"name": fmt.Sprintf("Main.Par[%d].Count", c), "logicalName": "Main.Par.Count", "channel": c})
			}
			_ = json.NewEncoder(w).Encode(object{"operators": ops, "total": len(ops)})
		},
		"PATCH /streams/instances/i/jobs/5": func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			*got = append(*got, string(b))
			var in struct {
				O struct {
					O []struct {
						C struct {
							A []struct {
								T struct {
									Name  string `json:"regionName"`
									Width int    `json:"newWidth"`
								} `json:"targetParallelRegion"`
							} `json:"adjustmentSection"`
						} `json:"configInstructions"`
					} `json:"jobConfigOverlays"`
				} `json:"jobConfigurationOverlay"`
			}
			if err := json.Unmarshal(b, &in); err != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			*width = in.O.O[0].C.A[0].T.Width
			_, _ = io.WriteString(w, "{}")
		},
	}
	return srv
}

const newWidth = `{"jobConfigurationOverlay":{"jobConfigOverlays":[{"configInstructions":{"adjustmentSection":[{"targetParallelRegion":{"newWidth":%d,"regionName":"Par"}}]},"operationConfig":{"forcePeStopped":true}}]}}`

func TestAWidthIsChangedAndGivenBack(t *testing.T) {
	width, got := 2, []string{}
	srv := wide(&width, &got)
	on(t, srv, func(t *testing.T, env providers.Env, s *Session) {
		c := changeWidth{env}
		id := providers.StepID{Run: env.Run, Step: "action.streams_job_width.x"}
		args := json.RawMessage(`{"target":"dc1","job":"job.orders","region":"Par","width":4}`)
		// Before the run the job is not there: preflight finds nothing wrong, and nothing is done.
		h, err := c.Prepare(t.Context(), id, args)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Inject(t.Context(), h); err == nil || !strings.Contains(err.Error(), "has not been submitted, adopted or launched yet") {
			t.Errorf("it says %v", err)
		}
		if e, err := c.VerifyHealed(t.Context(), h); err != nil || e.InForce {
			t.Errorf("nothing was done, and it is %+v, %v", e, err)
		}
		if err := s.Track(providers.JobInfo{Path: "job.orders"}, []byte(`{"id":"5","name":"orders"}`)); err != nil {
			t.Fatal(err)
		}
		if h, err = c.Prepare(t.Context(), id, args); err != nil {
			t.Fatal(err)
		}
		if e, err := c.Verify(t.Context(), h); err != nil || e.InForce {
			t.Errorf("before, it is %+v, %v", e, err)
		}
		if err := c.Inject(t.Context(), h); err != nil {
			t.Fatal(err)
		}
		if e, err := c.Verify(t.Context(), h); err != nil || !e.InForce || !strings.HasPrefix(e.Evidence, "region Par has 4 channels; job 5 (orders) is running and healthy") {
			t.Errorf("it is %+v, %v", e, err)
		}
		if e, err := c.VerifyHealed(t.Context(), h); err != nil || !e.InForce {
			t.Errorf("it is %+v, %v", e, err)
		}
		for range 2 { // twice is once
			if err := c.Heal(t.Context(), h); err != nil {
				t.Fatal(err)
			}
		}
		if e, err := c.VerifyHealed(t.Context(), h); err != nil || e.InForce {
			t.Errorf("it is %+v, %v", e, err)
		}
		if diff := cmp.Diff([]string{fmt.Sprintf(newWidth, 4), fmt.Sprintf(newWidth, 2)}, got); diff != "" {
			t.Error(diff)
		}
		if width != 2 {
			t.Errorf("the width is %d", width)
		}
		// A job that is gone has no width to be given back.
		srv.jobs = nil
		if err := c.Heal(t.Context(), h); err != nil {
			t.Errorf("it says %v", err)
		}
		if e, err := c.VerifyHealed(t.Context(), h); err != nil || e.InForce || e.Evidence != "job 5 (orders) does not run any more" {
			t.Errorf("it is %+v, %v", e, err)
		}
	})
}

func TestAWidthThatIsToStayIsAnActionOfItsOwn(t *testing.T) {
	width, got := 1, []string{}
	on(t, wide(&width, &got), func(t *testing.T, env providers.Env, s *Session) {
		typ := widthAction()
		args := json.RawMessage(`{"target":"dc1","job":"job.orders","region":"Par","width":2,"restore":false}`)
		if typ.Lasts(args) || !typ.Lasts(json.RawMessage(`{"width":2}`)) {
			t.Error("it does not last as it says")
		}
		if err := s.Track(providers.JobInfo{Path: "job.orders"}, []byte(`{"id":"5","name":"orders"}`)); err != nil {
			t.Fatal(err)
		}
		a := typ.New(env)
		if err := a.Check(t.Context(), providers.StepID{}, args); err != nil {
			t.Error(err)
		}
		if _, err := a.Do(t.Context(), providers.StepID{Run: env.Run, Step: "action.x"}, args); err != nil || width != 2 {
			t.Errorf("the width is %d, %v", width, err)
		}
		_, err := a.Do(t.Context(), providers.StepID{Run: env.Run, Step: "action.x"}, json.RawMessage(`{"target":"dc1","job":"job.orders","region":"Pra","width":2}`))
		if err == nil || !strings.Contains(err.Error(), "the operators in parallel regions are Main.Par.Count; correct `region`") {
			t.Errorf("it says %v", err)
		}
	})
}

func TestTheCallThatChangesWidthsMayBeThePlans(t *testing.T) {
	c := connection{Operations: []operationArgs{{Name: "change_width", Method: "POST", Path: "{self}/{region}?w={width}", Body: `{"w":"{width}","r":"{region} of {job}"}`}}}
	if err := c.check(); err != nil {
		t.Fatal(err)
	}
	link, body, err := c.planned("change_width").filled(subject{kind: "job", self: "/j/5?x=y"}, map[string]string{"job": "5", "region": "a/b", "width": "3"})
	if err != nil || link != "/j/5/a%2Fb?w=3" || string(body) != `{"r":"a/b of 5","w":3}` {
		t.Errorf("got %s %s, %v", link, body, err)
	}
	for _, name := range []string{"region", "width"} {
		if err := (connection{Operations: []operationArgs{{Name: "stop_pe", Path: "/{" + name + "}"}}}).check(); err == nil {
			t.Errorf("a PE has a %s", name)
		}
	}
}

func TestAJobGroupIsLookedForBeforehand(t *testing.T) {
	srv := &server{status: "running"}
	on(t, srv, func(t *testing.T, env providers.Env, _ *Session) {
		prepare := func(group string) error {
			_, err := jobDeed{env}.Prepare(t.Context(), providers.StepID{Run: env.Run, Step: "job.orders"}, json.RawMessage(`{"target":"dc1","path":"job.orders","bundle":"o.sab","group":"`+group+`"}`))
			return err
		}
		if err := prepare("nightly"); err != nil { // the server lists none: it has the last word
			t.Error(err)
		}
		srv.more = map[string]http.HandlerFunc{"GET /streams/instances/i/jobgroups": serveText(`{"jobGroups":[{"name":"default"},{"id":"day"}]}`)}
		for _, group := range []string{"", "default", "day"} {
			if err := prepare(group); err != nil {
				t.Errorf("%q: %v", group, err)
			}
		}
		if err := prepare("nightly"); err == nil || !strings.Contains(err.Error(), `the instance i has no group "nightly", it has day, default; create it, or correct`) {
			t.Errorf("it says %v", err)
		}
		srv.more["GET /streams/instances/i/jobgroups"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }
		if err := prepare("default"); err == nil || !strings.Contains(err.Error(), "list the job groups at dc1") {
			t.Errorf("it says %v", err)
		}
	})
}
