package rest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers/streams/rest"
)

// paged serves jobs 1 to all in pages of a size, without links.
func paged(all, size, total int, asked *[]string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.URL.RawQuery)
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		jobs := []map[string]any{}
		for n := max(page-1, 0)*size + 1; n <= min(max(page, 1)*size, all); n++ {
			jobs = append(jobs, map[string]any{"id": strconv.Itoa(n)})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"jobs": jobs, "total": total})
	}
}

func TestPagesAreAskedForByNumberWhereNoLinkIsSent(t *testing.T) {
	for name, tc := range map[string]struct {
		all, size, total int
		want, asked      int
	}{
		"all at once":              {3, 3, 3, 3, 1},
		"no total":                 {3, 3, 0, 3, 1},
		"pages":                    {7, 3, 7, 7, 3},
		"a page that is just full": {6, 3, 6, 6, 2},
		"a total that is too high": {6, 3, 99, 6, 3},
		"a total that is too low":  {7, 3, 2, 3, 1},
		"a huge total":             {3, 3, 1 << 60, 3, 2},
		"nothing, and a total":     {0, 3, 5, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var asked []string
			with(t, api{"GET /streams/jobs": paged(tc.all, tc.size, tc.total, &asked)}, nil, func(t *testing.T, c *rest.Client) {
				jobs, err := c.Jobs(t.Context(), rest.Instance{Jobs: "/streams/jobs?x=y"})
				if err != nil || len(jobs) != tc.want || len(asked) != tc.asked {
					t.Errorf("got %d jobs, %v, with %q", len(jobs), err, asked)
				}
				for n, j := range jobs {
					if string(j.ID) != strconv.Itoa(n+1) {
						t.Errorf("job %d is %s", n, j.ID)
					}
				}
				if len(asked) > 1 && asked[1] != "x=y&count="+strconv.Itoa(tc.size)+"&page=2" {
					t.Errorf("asked with %q", asked)
				}
			})
		})
	}
}

func TestAServerThatDoesNotKnowPagesIsNotAskedForEver(t *testing.T) {
	asked := 0
	h := api{"GET /streams/jobs": func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = fmt.Fprint(w, `{"jobs":[{"id":"1"},{"id":"2"}],"total":1000}`)
	}}
	with(t, h, nil, func(t *testing.T, c *rest.Client) {
		jobs, err := c.Jobs(t.Context(), rest.Instance{Jobs: "/streams/jobs"})
		if err != nil || len(jobs) != 2 || asked != 2 {
			t.Errorf("got %d jobs, %v, with %d requests", len(jobs), err, asked)
		}
	})
}

func TestJobsAreFilteredByNameHereToo(t *testing.T) {
	h := api{"GET /streams/jobs": func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "name=a+b" {
			t.Errorf("asked with %q", r.URL.RawQuery)
		}
		_, _ = fmt.Fprint(w, `{"jobs":[{"id":"1","name":"a b"},{"id":"2","name":"c"}]}`)
	}}
	with(t, h, nil, func(t *testing.T, c *rest.Client) {
		jobs, err := c.JobsNamed(t.Context(), rest.Instance{Jobs: "/streams/jobs"}, "a b")
		if err != nil || len(jobs) != 1 || jobs[0].ID != "1" || jobs[0].Self != "https://"+host+"/streams/jobs/1" && jobs[0].Self != "/streams/jobs/1" {
			t.Errorf("got %+v, %v", jobs, err)
		}
	})
}

func TestAReadIsGivenUpWhenNothingComesAndAtTheEndInAnyCase(t *testing.T) {
	drip := func(every time.Duration) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			for range 100 {
				select {
				case <-r.Context().Done():
					return
				case <-time.After(every):
				}
				_, _ = fmt.Fprint(w, " ")
				w.(http.Flusher).Flush()
			}
		}
	}
	for name, tc := range map[string]struct {
		h    func(http.ResponseWriter, *http.Request)
		took time.Duration
		says string
	}{
		"silence":               {drip(time.Hour), 3*2*time.Second + 400*time.Millisecond, "it sent nothing for 2s"},
		"silence in the middle": {drip(3 * time.Second), 3*2*time.Second + 400*time.Millisecond, "it sent nothing for 2s"},
		"drips":                 {drip(time.Second), 20 * time.Second, "nothing within 20s"},
	} {
		t.Run(name, func(t *testing.T) {
			with(t, api{"GET /streams/resources": tc.h}, func(c *rest.Config) { c.Read = 2 * time.Second }, func(t *testing.T, c *rest.Client) {
				began := time.Now()
				_, err := c.Instance(context.WithoutCancel(t.Context()), "x")
				if took := time.Since(began); err == nil || !strings.Contains(err.Error(), tc.says) || took.Round(100*time.Millisecond) != tc.took {
					t.Errorf("after %s: %v", took, err)
				}
				if _, ok := errors.AsType[*rest.Error](err); !ok {
					t.Errorf("it is a %T", err)
				}
			})
		})
	}
}
