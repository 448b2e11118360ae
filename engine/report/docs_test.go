package report_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/xdc-project/xdc/engine/report"
)

// The page is written by hand; this keeps every member in it.
func TestThePageNamesEveryMember(t *testing.T) {
	b, err := os.ReadFile("../../docs/reference/report-json.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] || typ.PkgPath() == "time" {
			return
		}
		seen[typ] = true
		for f := range typ.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name != "" && name != "-" && !strings.Contains(string(b), "`"+name+"`") {
				t.Errorf("%s.%s: the page does not have `%s`", typ.Name(), f.Name, name)
			}
			walk(f.Type)
		}
	}
	walk(reflect.TypeFor[report.Summary]())
	if len(seen) < 15 {
		t.Errorf("only %d types were seen", len(seen))
	}
}
