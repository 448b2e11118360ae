package streams

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/bundle/bundletest"
)

func TestParametersAreHeldAgainstTheBundle(t *testing.T) {
	files := map[string][]byte{
		"orders.sab":   bundletest.Make(t, bundletest.ADL),
		"other.sab":    []byte("no bundle that xdc knows"),
		"overlay.json": []byte(`{"jobConfigOverlays":[{"jobConfig":{"submissionParameters":[{"name":"demo::Source.hosts","value":"a"}]}},{"jobConfig":{"submissionParameters":[{"name":"port","value":"1"}]}}]}`),
		"broken.json":  []byte(`{`),
	}
	scope := providers.Scope{OpenFile: func(name string) (providers.File, error) {
		if b, ok := files[name]; ok {
			return providers.Bytes(b), nil
		}
		return nil, fmt.Errorf("open %s: %w", name, fs.ErrNotExist)
	}}
	parameter := func(name string) cty.Path { return cty.GetAttrPath("parameters").Index(cty.StringVal(name)) }
	type found struct {
		Code    diag.Code
		Summary string
		Detail  string
		Path    cty.Path
	}
	for name, tc := range map[string]struct {
		args string
		none bool // there is no file to look into
		want []found
	}{
		"all is well":             {args: `"bundle":"orders.sab","parameters":{"port":"25091","hosts":"a,b","width":"4"}`},
		"with composites":         {args: `"bundle":"orders.sab","parameters":{"demo::Orders.port":"25091","demo::Source::hosts":"a,b"}`},
		"a secret may be a width": {args: `"bundle":"orders.sab","parameters":{"port":"1","hosts":"a","width":{"secret":"var.w"}}`},
		"from the overlay":        {args: `"bundle":"orders.sab","override_file":"overlay.json","parameters":{"port":"1"}`},
		"an overlay that cannot be read may have all": {args: `"bundle":"orders.sab","override_file":"broken.json"`},
		"an overlay that is not there may have all":   {args: `"bundle":"orders.sab","override_file":"none.json"`},
		"a bundle without a description":              {args: `"bundle":"other.sab","parameters":{"x":"y"}`},
		"a bundle that is not there":                  {args: `"bundle":"none.sab","parameters":{"x":"y"}`},
		"nothing may be opened":                       {args: `"bundle":"orders.sab","parameters":{"x":"y"}`, none: true},
		"an adopted job":                              {args: `"adopt":"orders","parameters":{"x":"y"}`},
		"a wrong name": {
			args: `"bundle":"orders.sab","parameters":{"prt":"1","port":"1","hosts":"a"}`,
			want: []found{{diag.StreamsParameter, `The application has no parameter "prt"`, `So says its bundle orders.sab. It has hosts, mode, port, width. Did you mean "port"?`, parameter("prt")}},
		},
		"one is missing": {
			args: `"bundle":"orders.sab","override_file":"overlay.json"`,
			want: []found{{diag.StreamsParameter, `The application needs a value for "port"`, "Its bundle orders.sab says that demo::Orders needs the submission-time parameter \"port\", which has no default. Add it to `parameters`.", cty.GetAttrPath("bundle")}},
		},
		"no width": {
			args: `"bundle":"orders.sab","parameters":{"port":"1","hosts":"a","width":"many"}`,
			want: []found{{diag.StreamsParameter, `"many" is no width`, `The parameter "width" says how many channels the parallel region Par of the application has: write a whole number above zero.`, parameter("width")}},
		},
		"a width of none": {
			args: `"bundle":"orders.sab","parameters":{"port":"1","hosts":"a","width":"0"}`,
			want: []found{{diag.StreamsParameter, `"0" is no width`, `The parameter "width" says how many channels the parallel region Par of the application has: write a whole number above zero.`, parameter("width")}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := scope
			s.Targets = map[string]providers.Target{"dc1": {Connections: map[string]json.RawMessage{"streams": json.RawMessage(`{"url":"https://s"}`)}}}
			if tc.none {
				s.OpenFile = nil
			}
			_, ds := describeJob(s, json.RawMessage(`{"target":"dc1","path":"job.orders",`+tc.args+`}`))
			var got []found
			for _, d := range ds {
				if d.Severity != diag.Error || strings.ContainsAny(d.Summary, "\n") {
					t.Errorf("got %+v", d)
				}
				got = append(got, found{d.Code, d.Summary, d.Detail, d.Path})
			}
			if diff := cmp.Diff(tc.want, got, cmp.Comparer(func(a, b cty.Path) bool { return a.Equals(b) })); diff != "" {
				t.Error(diff)
			}
		})
	}
}
