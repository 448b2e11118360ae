package rest_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers/streams/rest"
)

// The same bytes are not read twice, and other bytes are: every answer is what the server says, with its own times.
func TestASnapshotIsWhatTheServerSaysWhetherOrNotItSaidSoBefore(t *testing.T) {
	tuples := []int{1, 1, 2, 2, 1, 3}
	n := -1
	h := api{
		"GET /metrics": func(w http.ResponseWriter, _ *http.Request) {
			n++
			_, _ = fmt.Fprintf(w, `{"jobs":[{"id":"7","pes":[{"id":"1","metrics":[{"name":"n","value":%d}]}]}]}`, tuples[n])
		},
	}
	with(t, h, nil, func(t *testing.T, c *rest.Client) {
		last := time.Time{}
		for k, want := range tuples {
			time.Sleep(time.Second)
			jobs, read, err := c.Metrics(t.Context(), rest.Instance{MetricsSnapshot: "/metrics"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := jobs[0].PEs[0].Metrics[0].Value.V; got != int64(want) {
				t.Errorf("answer %d has %d, want %d", k, got, want)
			}
			if !read.Sent.After(last) {
				t.Errorf("answer %d was asked for at %s, and the one before at %s", k, read.Sent, last)
			}
			last = read.Sent
		}
	})
}

// What cannot be read is an error each time that it comes, and is not taken for the answer before it.
func TestASnapshotThatCannotBeReadIsAnErrorEachTime(t *testing.T) {
	const whole = `{"jobs":[{"id":"7"}]}`
	answers := []string{whole, whole[:9], whole[:9], whole}
	n := -1
	h := api{"GET /jobs": func(w http.ResponseWriter, _ *http.Request) { n++; _, _ = io.WriteString(w, answers[n]) }}
	with(t, h, nil, func(t *testing.T, c *rest.Client) {
		for k, body := range answers {
			jobs, err := c.Snapshot(t.Context(), rest.Instance{JobsSnapshot: "/jobs"})
			if (err == nil) != (body == whole) || err == nil && (len(jobs) != 1 || jobs[0].ID != "7") {
				t.Errorf("answer %d: %v, %v", k, jobs, err)
			}
		}
	})
}
