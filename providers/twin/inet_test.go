package twin

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers/twin/control"
)

// The operators of the inetserver toolkit have a server of their own, which goes when their PE goes, and the data service has
// nothing of them.
func TestInetserverOperatorsAreServed(t *testing.T) {
	cfg := pairOf(5*time.Second, 4, &record{}, 1)
	cfg.Targets[0].Inet = "10.0.1.1:8080"
	cfg.Jobs[0].Inet = []string{"In", "Out"}
	cfg.Jobs[0].Endpoints = []Endpoint{{Name: "In", Type: "tuple<rstring event_id, int64 n, boolean ok>"}}
	in(t, cfg, func(t *testing.T, w *Twin, _ *control.Client) {
		client := &http.Client{Transport: &http.Transport{DialContext: w.Dial(), DisableKeepAlives: true}}
		ask := func(method, path, media, body string) (status int, text string) {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), method, w.InetURL("dc1")+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", media)
			resp, err := client.Do(req)
			if err != nil {
				return 0, err.Error()
			}
			defer resp.Body.Close()
			b, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			return resp.StatusCode, string(b)
		}
		if status, text := ask("GET", "/ports/info", "", ""); status != 0 {
			t.Errorf("before the job runs: %d %s", status, text)
		}
		time.Sleep(10 * time.Second)
		const inject, tuples, js, form = "/ctx/In/ports/output/0/inject", "/ctx/Out/ports/input/0/tuples", "application/json", "application/x-www-form-urlencoded"
		for _, tc := range []struct {
			method, path, media, body string
			status                    int
		}{
			{"GET", "/ports/info", "", "", 200},
			{"POST", inject, js, `{"event_id":"a","n":9223372036854775807}`, 204},
			{"POST", "/In/ports/output/0/inject", js, `{"event_id":"b"}`, 204},
			{"POST", inject, form, url.Values{"event_id": {"7"}, "n": {"8"}, "ok": {"true"}}.Encode(), 204},
			{"POST", inject, js, `{"event_id":"c","n":"1"}`, 400},
			{"POST", inject, js, `[]`, 400},
			{"POST", inject, js, ``, 400},
			{"POST", inject, form, "n=x", 400},
			{"POST", inject, form, "%zz", 400},
			{"POST", inject, "text/plain", `{"event_id":"d"}`, 415},
			{"GET", inject, "", "", 405},
			{"POST", tuples, js, "{}", 405},
			{"GET", "/ctx/In/ports/output/1/inject", "", "", 404},
			{"GET", "/ctx/Other/ports/input/0/tuples", "", "", 404},
		} {
			if status, text := ask(tc.method, tc.path, tc.media, tc.body); status != tc.status {
				t.Errorf("%s %s %s: %d %s, want %d", tc.method, tc.path, tc.body, status, text, tc.status)
			}
		}
		time.Sleep(time.Second)
		status, text := ask("GET", tuples, "", "")
		var window []struct {
			EventID string `json:"event_id"`
			N       json.Number
			OK      bool
		}
		if err := json.Unmarshal([]byte(text), &window); err != nil || status != 200 || len(window) != 3 {
			t.Fatalf("%d %s: %v", status, text, err)
		}
		if window[0].N != "9223372036854775807" || window[2].EventID != "7" || window[2].N != "8" || !window[2].OK {
			t.Errorf("the window is %s", text)
		}
		if list := asker(t, w)(dataPort, http.MethodGet, "/data", "").body; strings.Contains(list, `"name":"In"`) || strings.Contains(list, `"name":"Out"`) {
			t.Errorf("the data service lists %s", list)
		}
		j := w.dcs[0].snapshotJobs()[0]
		if a := asker(t, w)(dataPort, http.MethodPost, "/data/"+j.id+"/endpoints/In/data", `{"items":[]}`); a.status != http.StatusNotFound {
			t.Errorf("the data service serves it: %d", a.status)
		}
		for op, want := range map[string]string{"In": "com.ibm.streamsx.inet.rest::HTTPJSONInjection", "Out": "com.ibm.streamsx.inet.rest::HTTPTupleView"} {
			if got := kindOf(cfg.Jobs[0], op); got != want {
				t.Errorf("%s is a %s", op, got)
			}
		}
	})
}
