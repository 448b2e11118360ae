package rest

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzPage: whatever a page holds, its elements are no more than were sent, and its total is a number.
func FuzzPage(f *testing.F) {
	for _, s := range []string{
		`{"jobs":[{"id":1},{"id":"2","status":7},null,3],"total":"9","next":"https://h/jobs?page=2"}`, `{"jobs":{},"total":1e300,"next":7}`, `{"jobs":null}`, `{}`, `{"total":-1}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var got map[string]json.RawMessage
		if json.Unmarshal(body, &got) != nil {
			return
		}
		jobs, p, err := elements[Job](got, "jobs")
		if err == nil && len(jobs) > strings.Count(string(got["jobs"]), ",")+1 {
			t.Errorf("%d jobs in %s", len(jobs), got["jobs"])
		}
		if p.first != "" && len(jobs) == 0 {
			t.Errorf("the first of no elements is %s", p.first)
		}
		if _, _, err := elements[PE](got, "pes"); err != nil {
			return
		}
	})
}

// FuzzOverlay: whatever an overlay of the plan is, the submission has the name, the group, the level and the parameters that it was
// given, each once, or there is an error.
func FuzzOverlay(f *testing.F) {
	for _, s := range []string{
		`{"jobConfigOverlays":[{"jobConfig":{"jobName":"old","tracing":"error","submissionParameters":[{"name":"p","value":"1"},{"name":"q"},7]}},{"jobConfig":{}}]}`,
		`{"jobConfigOverlays":[7]}`, `{"jobConfigOverlays":{}}`, `{"other":{"a":[1,2]}}`, `[]`, ``, `null`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, overlay []byte) {
		out, err := Submission{JobName: "n", JobGroup: "g", Tracing: "info", Parameters: map[string]string{"p": "v"}, Overlay: overlay}.overlay()
		if err != nil {
			return
		}
		b, err := json.Marshal(out)
		if err != nil {
			t.Fatal(err)
		}
		var back struct {
			Overlays []struct {
				Config struct {
					Name       string            `json:"jobName"`
					Group      string            `json:"jobGroup"`
					Tracing    string            `json:"tracing"`
					Parameters []json.RawMessage `json:"submissionParameters"`
				} `json:"jobConfig"`
			} `json:"jobConfigOverlays"`
		}
		_ = json.Unmarshal(b, &back) // what else is in it may be of any type
		if len(back.Overlays) == 0 || back.Overlays[0].Config.Name != "n" || back.Overlays[0].Config.Group != "g" || back.Overlays[0].Config.Tracing != "info" {
			t.Fatalf("%s", b)
		}
		given := 0
		for _, p := range back.Overlays[0].Config.Parameters {
			var one struct{ Name, Value any }
			if json.Unmarshal(p, &one) == nil && one.Name == "p" {
				given++
			}
		}
		if given != 1 {
			t.Errorf("the parameter is there %d times: %s", given, b)
		}
	})
}
