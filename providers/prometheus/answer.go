package prometheus

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers/endpoint"
)

// maxText bounds each text of a server that is shown, in bytes.
const maxText = 300

// Result is the newest point of the only series of an answer.
type Result struct {
	Found bool // false: the result is empty
	Value float64
	// At is the server's stamp: of the evaluation, or of the sample where the expression is a range of raw ones.
	At time.Time
	// Range says that the answer had points over a range of time, whose newest this is.
	Range    bool
	Warnings []string
}

func (r *Result) usable() bool {
	return r.Found && !math.IsNaN(r.Value) && !math.IsInf(r.Value, 0)
}

func (r *Result) warnings() string {
	if len(r.Warnings) == 0 {
		return ""
	}
	return "the server warns: " + endpoint.Clip(strings.Join(r.Warnings, "; "), maxText)
}

// ForeignError says that something is not an answer of the API at all.
type ForeignError struct{ Err error }

func (e *ForeignError) Error() string { return "no answer of the Prometheus API: " + e.Err.Error() }
func (e *ForeignError) Unwrap() error { return e.Err }

type answerJSON struct {
	Status    string   `json:"status"`
	ErrorType string   `json:"errorType"`
	Error     string   `json:"error"`
	Warnings  []string `json:"warnings"`
	Infos     []string `json:"infos"`
	Data      struct {
		ResultType string          `json:"resultType"`
		Result     json.RawMessage `json:"result"`
	} `json:"data"`
}

type seriesJSON struct {
	Metric    map[string]string `json:"metric"`
	Value     json.RawMessage   `json:"value"`
	Values    []json.RawMessage `json:"values"`
	Histogram json.RawMessage   `json:"histogram"`
	More      json.RawMessage   `json:"histograms"`
}

// Decode reads an answer of /api/v1/query or /api/v1/query_range. Its error is a *ForeignError where it is none, and
// else says what the server, or the result, has against the expression.
func Decode(body []byte) (Result, error) {
	var a answerJSON
	if err := json.Unmarshal(body, &a); err != nil {
		return Result{}, &ForeignError{err}
	}
	r := Result{Warnings: slices.Concat(a.Warnings, a.Infos)}
	switch a.Status {
	case "error":
		return r, fmt.Errorf("the server refuses it (%s): %s", endpoint.Clip(a.ErrorType, maxText), endpoint.Clip(strings.Join(append([]string{a.Error}, r.Warnings...), "; "), maxText))
	case "success":
	default:
		return r, &ForeignError{fmt.Errorf("its status is %q", endpoint.Clip(a.Status, maxText))}
	}
	switch a.Data.ResultType {
	case "scalar":
		return r, r.point(a.Data.Result)
	case "vector", "matrix":
		return r, r.series(a.Data.Result, a.Data.ResultType == "matrix")
	case "string":
		return r, errors.New("the expression gives a text, and a number is needed")
	}
	return r, &ForeignError{fmt.Errorf("its result is of the type %q", endpoint.Clip(a.Data.ResultType, maxText))}
}

func (r *Result) series(raw json.RawMessage, matrix bool) error {
	var all []seriesJSON
	if err := json.Unmarshal(raw, &all); err != nil {
		return &ForeignError{err}
	}
	r.Range = matrix
	switch {
	case len(all) == 0:
		return nil
	case len(all) > 1:
		return fmt.Errorf("the expression gives %d series, such as %s and %s, and one is needed: put them together with sum, max or min, or choose one by its labels", len(all), all[0].labels(), all[1].labels())
	case len(all[0].Histogram) > 0 || len(all[0].More) > 0:
		return errors.New("the expression gives a histogram, and a number is needed: use histogram_quantile, histogram_count or histogram_avg")
	case !matrix:
		return r.point(all[0].Value)
	case len(all[0].Values) == 0:
		return nil
	}
	return r.point(all[0].Values[len(all[0].Values)-1])
}

// point reads [STAMP, "VALUE"].
func (r *Result) point(raw json.RawMessage) error {
	var p []json.RawMessage
	if err := json.Unmarshal(raw, &p); err != nil {
		return &ForeignError{err}
	}
	if len(p) != 2 {
		return &ForeignError{fmt.Errorf("a point has %d parts", len(p))}
	}
	var at float64
	var text string
	if err := errors.Join(json.Unmarshal(p[0], &at), json.Unmarshal(p[1], &text)); err != nil {
		return &ForeignError{err}
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(v, 0) { // what is too large for a float is infinite, as it is for the server
		return &ForeignError{fmt.Errorf("%q is not a number", endpoint.Clip(text, maxText))}
	}
	const farthest = 1e11 // seconds; the year 5138
	if math.Abs(at) > farthest {
		return &ForeignError{fmt.Errorf("%g is not an instant", at)}
	}
	r.Found, r.Value, r.At = true, v, time.UnixMilli(int64(math.Round(at*1000)))
	return nil
}

// labels prints a series as PromQL does, sorted.
func (s *seriesJSON) labels() string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(s.Metric)) {
		if k == "__name__" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s=%q", k, s.Metric[k])
	}
	return endpoint.Clip(s.Metric["__name__"]+"{"+b.String()+"}", maxText)
}
