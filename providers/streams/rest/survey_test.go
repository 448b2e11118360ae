package rest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/providers/streams/rest"
)

func TestWhatIsNotKnownIsSaid(t *testing.T) {
	h := api{
		"GET /streams/resources": says(`{"resources":[{"name":"instances","resource":"/streams/instances"},{"name":"domains","resource":"/streams/domains","since":"7.2"}]}`),
		"GET /streams/instances": says(`{"instances":[{"id":"i","self":"/streams/instances/i"}]}`),
		"GET /streams/domains":   says(`{"domains":[{"id":"d","status":"RUNNING","resources":"/streams/domains/d/resources"}]}`),
		"GET /streams/instances/i": says(`{"id":"i","self":"/streams/instances/i","status":"partially-running","health":"sleepy","activeVersion":{"productVersion":"7.2","colour":"blue"},
			"jobs":"/streams/instances/i/jobs"}`),
		"GET /streams/instances/i/jobs": says(`{"jobs":[{"id":"1","name":"a","status":"running","health":7,"jobGroup":null,"newProperty":{"x":[1]}},{"id":"2","status":"napping"},{"id":"3","status":"napping"}],"total":3,"cursor":"x"}`),
		"GET /streams/instances/i/pes":  says(`{"pes":[{"id":"1","statusReason":"hostFailure","\u001b[31mred":1,"` + strings.Repeat("long", 50) + `":2}]}`),
		"GET /streams/instances/i/operators": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
		},
		"GET /streams/instances/i/jobs/snapshot": says(`{"jobs":[{"id":"1","pes":[{"id":"1","operators":[{"name":"o","weight":3}]}]}]}`),
	}
	with(t, h, nil, func(t *testing.T, c *rest.Client) {
		i, err := c.Instance(t.Context(), "i")
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Survey(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		want := []rest.Unknown{
			{"entry", "since", ""},
			{"instance", "health", "sleepy"},
			{"job", "newProperty", ""},
			{"job", "status", "napping"},
			{"jobList", "cursor", ""},
			{"operatorSnapshot", "weight", ""},
			{"pe", `"\x1b[31mred"`, ""},
			{"pe", strings.Repeat("long", 20) + "...", ""},
			{"version", "colour", ""},
		}
		if diff := cmp.Diff(want, got.Unknown); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"domain", "entry", "instance", "job", "jobSnapshot", "jobSnapshots", "operatorSnapshot", "pe", "peSnapshot", "root", "version"}, got.Kinds); diff != "" {
			t.Error(diff)
		}
		if got.More || len(got.Refused) != 1 || got.Refused["operator"] == nil {
			t.Errorf("%v is refused", got.Refused)
		}
	})
}

func TestOfWhatIsNotKnownOnlySomeIsKept(t *testing.T) {
	var b strings.Builder
	for n := range 300 {
		fmt.Fprintf(&b, `"p%d":1,`, n)
	}
	h := api{
		"GET /streams/resources":       says(root),
		"GET /streams/instances":       says(`{"instances":[{"id":"i","self":"/streams/instances/i"}]}`),
		"GET /streams/instances/i":     says(`{` + b.String() + `"id":"i"}`),
		"GET /streams/instances/i/pes": says(`{"pes":[` + strings.Repeat(`{"id":"1"},`, 500) + `7]}`),
	}
	with(t, h, nil, func(t *testing.T, c *rest.Client) {
		i, err := c.Instance(t.Context(), "i")
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Survey(t.Context(), i)
		if err != nil || len(got.Unknown) != 100 || !got.More || got.Elements > 60 {
			t.Errorf("%d are unknown (more: %t) in %d, %v", len(got.Unknown), got.More, got.Elements, err)
		}
	})
}
