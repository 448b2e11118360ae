package dataexchange

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/xdc-project/xdc/providers"
)

// Every file has a document, records (one a line), perhaps the seed's arguments, and what is found. XDC_UPDATE=1 writes that again.
func TestRecordsAreHeldAgainstTheDocument(t *testing.T) {
	files, err := filepath.Glob("testdata/fit/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			part := map[string][]byte{"args": []byte(ordersArgs)}
			for _, f := range ar.Files {
				part[f.Name] = f.Data
			}
			var records []json.RawMessage
			for l := range strings.SplitSeq(strings.TrimSpace(string(part["records"])), "\n") {
				records = append(records, json.RawMessage(l))
			}
			got := ""
			in(t, func(t *testing.T, w *world) {
				w.listing = `{"jobs":[{"id":"4","openapi":{"json":"https://inside:1/other.json"},"inject":[{"name":"Orders","uri":"/other"}]},
					{"id":"5","inject":[{"name":"Orders","uri":"https://inside:1/in","websocketUri":"wss://inside:1/socket"}],"asyncapi":{"json":"/async.json"},"openapi":{"json":"https://inside:1/doc.json","yaml":"/doc.yaml"}}]}`
				w.mux.HandleFunc("/doc.json", func(rw http.ResponseWriter, r *http.Request) {
					if u, p, _ := r.BasicAuth(); u != "xdc" || p != "hunter2" {
						t.Error("it is read without credentials")
					}
					_, _ = rw.Write(part["openapi.json"])
				})
				w.mux.HandleFunc("/async.json", func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(part["asyncapi.json"]) })
				w.mux.HandleFunc("/other.json", func(http.ResponseWriter, *http.Request) { t.Error("another job's document is read") })
				found, check, known := w.feed.Fit(t.Context(), "dc1", part["args"], records)
				got = fmt.Sprintf("known: %v\n", known)
				for _, f := range found {
					got += fmt.Sprintf("ok: %v\n%s: %s\n", f.OK, f.Subject, f.Text)
					if f.Remedy != "" {
						got += f.Remedy + "\n"
					}
					if f.Code != "" {
						got += string(f.Code) + "\n"
					}
				}
				for n, r := range records {
					if check == nil {
						break
					}
					if err := check(r); err != nil {
						got += fmt.Sprintf("record %d %v\n", n, err)
					}
				}
			})
			if os.Getenv("XDC_UPDATE") != "" {
				for i := range ar.Files {
					if ar.Files[i].Name == "found" {
						ar.Files[i].Data = []byte(got)
					}
				}
				if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(part["found"]), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Where nothing is known yet it is asked again; where nothing can be known it is not.
func TestWhatCannotBeSaidOfAnEndpointIsNoFinding(t *testing.T) {
	for _, tc := range []struct {
		name    string
		prepare func(w *world)
		args    string
		known   bool
	}{
		{"nobody answers", func(w *world) { w.stop() }, ordersArgs, false},
		{"the job does not run yet", func(w *world) { w.platform.jobs = nil }, ordersArgs, false},
		{"the endpoint is not published yet", func(w *world) { w.listing = `{"jobs":[]}` }, ordersArgs, false},
		{"there is no document", nil, ordersArgs, true},
		{"the listing is none", func(w *world) { w.listing = `hello` }, ordersArgs, true},
		{"it is not to be checked", func(w *world) { w.stop() }, `{"endpoint":"Orders","job":"job.orders","check_record":false}`, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world) {
				if tc.prepare != nil {
					tc.prepare(w)
				}
				if found, _, known := w.feed.Fit(t.Context(), "dc1", json.RawMessage(tc.args), items(1)); known != tc.known || len(found) > 0 {
					t.Errorf("known %v, want %v; %v", known, tc.known, found)
				}
			})
		})
	}
}

// A job that is adopted is there before the plan knows its id.
func TestAnAdoptedJobIsLookedAtBeforeTheRun(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.platform.jobs = nil
		w.listing = `{"jobs":[{"id":"5","name":"old::Orders","inject":[{"name":"Orders","uri":"/in"}],"openapi":{"json":"/doc.json"}}]}`
		w.mux.HandleFunc("/doc.json", func(rw http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(rw, `{"openapi":"3.0.0","paths":{"/in":{"post":{"requestBody":{"content":{"application/json":{"schema":{"properties":{"items":{"items":{"properties":{"id":{"type":"string"}}}}}}}}}}}}}`)
		})
		s, err := w.feed.session("dc1")
		if err != nil {
			t.Fatal(err)
		}
		for _, adopt := range []string{"", "old::Orders"} {
			s.env.Jobs = []providers.JobInfo{{Path: "job.orders", Target: "dc1", Adopt: adopt}}
			found, _, known := w.feed.Fit(t.Context(), "dc1", json.RawMessage(ordersArgs), items(1))
			if known != (adopt != "") || len(found) > 0 != known || known && !strings.Contains(found[0].Text, "id is integer, and the endpoint takes string") {
				t.Errorf("adopted as %q: known %v, %v", adopt, known, found)
			}
		}
	})
}

// Documents go in circles, are nested without end and refer to what is not there: none of it panics or takes for ever.
func FuzzDocument(f *testing.F) {
	for _, s := range []string{
		`{"openapi":"3.0.0","paths":{"/in":{"post":{"requestBody":{"content":{"application/json":{"schema":{"properties":{"items":{"items":{"$ref":"#/a"}}}}}}}}}},"a":{"allOf":[{"$ref":"#/a"},{"properties":{"id":{"$ref":"#/a"},"n":{"type":["integer","null"],"description":"SPL type: int8"}},"required":["z"]}]}}`,
		`{"asyncapi":"2.6.0","servers":{"s":{"url":"https://x/y"}},"channels":{"in":{"publish":{"message":{"payload":{"properties":{"items":{"items":{"items":{"enum":["a"]}}}}}}}}}}`,
		`{"openapi":"3.0.0","paths":{"/in":{"$ref":"#/paths/~1in"}}}`, `[]`,
	} {
		f.Add([]byte(s), []byte(`{"id":{"id":1},"n":null}`))
	}
	f.Fuzz(func(t *testing.T, raw, record []byte) {
		d, err := readDocument(raw)
		if err != nil {
			return
		}
		of := d.record("/in")
		if of == nil || !json.Valid(record) {
			return
		}
		if found := of.check(record); len(found) > 2*maxSaid {
			t.Errorf("%d problems are told", len(found))
		}
		for _, finding := range (&Session{target: "dc1"}).fit(flow{Endpoint: "Orders"}, of, []json.RawMessage{record}) {
			if strings.ContainsAny(finding.Text, "\x00\x1b\n") {
				t.Errorf("control characters in %q", finding.Text)
			}
		}
	})
}

// A record is held against its endpoint's description before it is sent: what that costs.
func BenchmarkRecordCheck(b *testing.B) {
	ar, err := txtar.ParseFile("testdata/fit/fits.txtar")
	if err != nil {
		b.Fatal(err)
	}
	d, err := readDocument(ar.Files[0].Data)
	if err != nil {
		b.Fatal(err)
	}
	of, record := d.record("/in"), json.RawMessage(ar.Files[1].Data)
	if of == nil {
		b.Fatal("the document says nothing of the endpoint")
	}
	b.Run("check", func(b *testing.B) {
		for b.Loop() {
			if err := of.fits(record); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding/json alone", func(b *testing.B) {
		for b.Loop() {
			var v any
			if err := json.Unmarshal(record, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}
