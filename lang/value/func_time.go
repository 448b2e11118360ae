package value

import (
	"fmt"
	"math"
	"time"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

func timeFuncs() []entry {
	stamp := param{"timestamp", "A time as RFC 3339 writes it."}
	return []entry{
		{"duration", TimeGroup, "The number of seconds that a duration stands for.", []param{{"text", "A duration such as \"250ms\", \"60s\" or \"1m30s\"."}}, `duration("1m30s")`, `90`, fixed(durationFunc)},
		{"formatdate", TimeGroup, "A time in a format of one's own: `YYYY`, `MM`, `DD`, `hh`, `mm`, `ss`, `EEE`, `MMM`, `Z` and others; text stands in single quotes.", []param{{"format", "The format."}, stamp}, `formatdate("DD.MM.YYYY hh:mm", "2026-11-23T12:05:00Z")`, `"23.11.2026 12:05"`, fixed(stdlib.FormatDateFunc)},
		{"formatduration", TimeGroup, "A number of seconds as plans write durations, rounded to milliseconds.", []param{{"seconds", "The seconds, not negative."}}, `formatduration(90)`, `"1m30s"`, fixed(formatDurationFunc)},
		{"timeadd", TimeGroup, "A time some duration later, or earlier if the duration begins with a minus.", []param{stamp, {"duration", "A duration such as \"90s\" or \"-1h\"."}}, `timeadd("2026-11-23T12:00:00Z", "90s")`, `"2026-11-23T12:01:30Z"`, fixed(stdlib.TimeAddFunc)},
		{"timecmp", TimeGroup, "-1, 0 or 1 if the first time is earlier than, the same as, or later than the second.", []param{{"a", "A time."}, {"b", "Another."}}, `timecmp("2026-11-23T12:00:00Z", "2026-11-23T13:00:00Z")`, `-1`, fixed(timecmpFunc)},
		{"timestamp", TimeGroup, "The time at which the plan was made, in UTC. It is the same wherever it is called, and stays the same when a saved plan is applied.", nil, `timestamp()`, ``, timestampFunc},
	}
}

var durationFunc = newSimple(cty.Number, func(args []cty.Value) (cty.Value, error) {
	d, err := ParseDuration(args[0].AsString())
	if err != nil {
		return cty.NilVal, function.NewArgErrorf(0, "this is not a duration: write it as 250ms, 60s, 5m or 1m30s")
	}
	return Seconds(d), nil
}, nil, stringParam("text"))

// Seconds is a duration as expressions hold it: a number of seconds, exact.
func Seconds(d Duration) cty.Value {
	return cty.MustParseNumberVal(fmt.Sprintf("%d.%09d", int64(d)/int64(time.Second), int64(d)%int64(time.Second)))
}

var formatDurationFunc = newSimple(cty.String, func(args []cty.Value) (cty.Value, error) {
	s, _ := args[0].AsBigFloat().Float64()
	if s < 0 || s > float64(math.MaxInt64)/float64(time.Second)/2 || math.IsNaN(s) {
		return cty.NilVal, function.NewArgErrorf(0, "a number of seconds from 0 to about 146 years is needed")
	}
	d := time.Duration(math.Round(s*1000)) * time.Millisecond
	return cty.StringVal(Duration(d).String()), nil
}, nil, numberParam("seconds"))

var timecmpFunc = newSimple(cty.Number, func(args []cty.Value) (cty.Value, error) {
	var at [2]time.Time
	for i := range at {
		t, err := time.Parse(time.RFC3339, args[i].AsString())
		if err != nil {
			return cty.NilVal, function.NewArgErrorf(i, "this is not a time as RFC 3339 writes it, such as 2026-11-23T12:00:00Z")
		}
		at[i] = t
	}
	return cty.NumberIntVal(int64(at[0].Compare(at[1]))), nil
}, nil, stringParam("a"), stringParam("b"))

func timestampFunc(env FuncEnv) function.Function {
	return newSimple(cty.String, func([]cty.Value) (cty.Value, error) {
		return cty.StringVal(env.Now.UTC().Format(time.RFC3339)), nil
	}, nil)
}
