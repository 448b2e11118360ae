package check

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/xdc-project/xdc/lang/value"
)

// maxRendered bounds how much of a value findings show, in bytes.
const maxRendered = 120

// render is a value as findings show it; secrets are withheld.
func render(v cty.Value) string {
	if v == cty.NilVal {
		return "(nothing)"
	}
	if isPoisoned(v) {
		return "(in error)"
	}
	if value.IsSensitive(v) {
		return "(sensitive)"
	}
	v, _ = v.UnmarkDeep()
	if h, ok := handleOf(v); ok {
		return h
	}
	v = withoutHandles(v)
	switch {
	case !v.IsWhollyKnown():
		return "(known after run)"
	case v.IsNull():
		return "null"
	case v.Type() == cty.String:
		return clip(strconv.Quote(v.AsString()))
	}
	b, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		return v.Type().FriendlyName()
	}
	return clip(string(b))
}

func clip(s string) string {
	if len(s) <= maxRendered {
		return s
	}
	s = s[:maxRendered]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return fmt.Sprintf("%s...", s)
}
