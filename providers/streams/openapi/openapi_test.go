package openapi

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var stopPE = Want{Collections: []string{"pes"}, Words: []string{"pe", "processing element"}, Verb: "stop"}

func TestACallIsLearntWhereExactlyOneFits(t *testing.T) {
	typed := `{"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/A"}}}}}`
	for name, tc := range map[string]struct{ paths, schemas, want string }{
		"by its path":                          {paths: `"/instances/{i}/pes/{p}/stop":{"post":{}}`, want: `POST /stop `},
		"by its path, with an empty body":      {paths: `"/pes/{p}/stop":{"put":{"requestBody":{"required":true,"content":{"application/json":{"schema":{"type":"object"}}}}}}`, want: `PUT /stop {}`},
		"by the type in its body":              {paths: `"/i/pes/{p}/actions":{"post":` + typed + `}`, schemas: `{"A":{"required":["type"],"properties":{"type":{"enum":["START","STOP"]}}}}`, want: `POST /actions {"type":"STOP"}`},
		"by the type through references":       {paths: `"/pes/{p}":{"patch":` + typed + `}`, schemas: `{"A":{"allOf":[{"$ref":"#/components/schemas/B"}]},"B":{"properties":{"type":{"$ref":"#/components/schemas/T"}}},"T":{"enum":["stop"]}}`, want: `PATCH  {"type":"stop"}`},
		"by its operation's id":                {paths: `"/pes/{p}/halt":{"post":{"operationId":"stopPe"}}`, want: `POST /halt `},
		"by its summary":                       {paths: `"/pes/{p}/halt":{"post":{"summary":"Stop a processing element"}}`, want: `POST /halt `},
		"not of another resource":              {paths: `"/instances/{i}/stop":{"post":{}}`},
		"not below a job":                      {paths: `"/jobs/{j}/pes/{p}/stop":{"post":{}}`},
		"not by reading":                       {paths: `"/pes/{p}/stop":{"get":{}}`},
		"not restart":                          {paths: `"/pes/{p}/restart":{"post":{"operationId":"restartPe","summary":"Stop and start a PE"}}`},
		"not where it needs more in its body":  {paths: `"/pes/{p}/actions":{"post":` + typed + `}`, schemas: `{"A":{"required":["type","reason"],"properties":{"type":{"enum":["stop"]}}}}`},
		"not where it needs a parameter":       {paths: `"/pes/{p}/stop":{"post":{"parameters":[{"in":"query","name":"x","required":true}]}}`},
		"not with a parameter behind the id":   {paths: `"/pes/{p}/stop/{how}":{"post":{}}`},
		"not where references go in a circle":  {paths: `"/pes/{p}/actions":{"post":` + typed + `}`, schemas: `{"A":{"$ref":"#/components/schemas/A"}}`},
		"not where compositions go in circles": {paths: `"/pes/{p}/actions":{"post":` + typed + `}`, schemas: `{"A":{"allOf":[{"$ref":"#/components/schemas/A"},{"$ref":"#/components/schemas/A"}]}}`},
		"not by a type of another word":        {paths: `"/pes/{p}/actions":{"post":` + typed + `}`, schemas: `{"A":{"properties":{"type":{"enum":["stopall"]}}}}`},
		"both where two fit":                   {paths: `"/pes/{p}/stop":{"post":{}},"/pes/{p}/halt":{"post":{"operationId":"stopPe"}}`, want: "POST /halt ; POST /stop "},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.schemas == "" {
				tc.schemas = "{}"
			}
			d, err := Parse(fmt.Appendf(nil, `{"openapi":"3.0.0","paths":{%s},"components":{"schemas":%s}}`, tc.paths, tc.schemas))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range d.Find(stopPE) {
				got = append(got, c.Method+" "+c.Suffix+" "+string(c.Body))
			}
			if diff := cmp.Diff(tc.want, strings.Join(got, "; ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSwagger2IsReadToo(t *testing.T) {
	d, err := Parse([]byte(`{"swagger":"2.0","paths":{"/pes/{p}/actions":{"post":{"parameters":[{"in":"body","required":true,"schema":{"properties":{"type":{"enum":["stop"]}}}}]}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Find(stopPE); len(got) != 1 || string(got[0].Body) != `{"type":"stop"}` {
		t.Errorf("found %v", got)
	}
}

func TestWhatIsNoDocumentIsRefused(t *testing.T) {
	for doc, want := range map[string]string{
		"<html>":                 "it is not an OpenAPI document in JSON",
		"[]":                     "it is not an OpenAPI document in JSON",
		`{"paths":{}}`:           "it has no version or no paths",
		`{"openapi":"3"}`:        "it has no version or no paths",
		strings.Repeat(" ", 9e6): "more than 8388608 bytes",
	} {
		if _, err := Parse([]byte(doc)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %s", doc, err, want)
		}
	}
}

func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"openapi":"3.0.0","paths":{"/pes/{p}/actions":{"post":{"requestBody":{"$ref":"#/b"}}}},"b":{"content":{"application/json":{"schema":{"allOf":[{"properties":{"type":{"enum":["stop"]}}}]}}}}}`))
	f.Add([]byte(`{"swagger":"2.0","paths":{"/pes/{p}/stop":{"post":{"parameters":[{"in":"body"}]}}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := Parse(raw)
		if err != nil {
			return
		}
		for _, c := range d.Find(stopPE) {
			if c.Method == "" || strings.ContainsAny(c.Suffix, "{}?#") {
				t.Errorf("%+v cannot be called", c)
			}
		}
	})
}
