package rest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/xdc-project/xdc/providers/streams/rest"
)

// ids are the messages of the reference with the statuses that it suggests.
var ids = []struct {
	id     string
	status int
	kinds  []error
	advice string
}{
	{"CDISW5000E", 404, []error{rest.ErrNotFound}, "`instance`"},
	{"CDISW5001E", 500, []error{rest.ErrServer}, "product log"},
	{"CDISW5002E", 400, []error{rest.ErrBadRequest}, "check the ids"},
	{"CDISW5003E", 403, []error{rest.ErrForbidden}, "authority"},
	{"CDISW5004E", 403, []error{rest.ErrForbidden}, "authority"},
	{"CDISW5005E", 403, []error{rest.ErrForbidden}, "authority"},
	{"CDISW5006E", 403, []error{rest.ErrForbidden}, "authority"},
	{"CDISW5007E", 403, []error{rest.ErrForbidden}, "authority"},
	{"CDISW5008E", 403, []error{rest.ErrForbidden}, "authority"},
	{"CDISW5009E", 403, []error{rest.ErrForbidden}, "authority"},
	{"CDISW5010E", 403, []error{rest.ErrForbidden}, "authority"},
	{"CDISW5011E", 400, []error{rest.ErrBadRequest, rest.ErrAction}, "`operation`"},
	{"CDISW5012E", 400, []error{rest.ErrBadRequest, rest.ErrAction}, "`operation`"},
	{"CDISW5013E", 400, []error{rest.ErrBadRequest, rest.ErrAction}, "`operation`"},
	{"CDISW5014E", 400, []error{rest.ErrBadRequest}, "JSON"},
	{"CDISA5061E", 404, []error{rest.ErrNotFound}, "`domain`"},
	{"CDISA5071E", 404, []error{rest.ErrNotFound}, "`instance`"},
	{"CDISA5072E", 409, []error{rest.ErrConflict, rest.ErrNotStarted}, "startinstance"},
	{"CDISA5073E", 409, []error{rest.ErrConflict, rest.ErrStarted}, "state"},
	{"CDISA5157E", 404, []error{rest.ErrNotFound}, "lsresources"},
	{"CDISA5210E", 404, []error{rest.ErrNotFound, rest.ErrNoGroup}, "`group`"},
	{"CDISA5230E", 404, []error{rest.ErrNotFound}, "lsjobs"},
	{"CDISA5246E", 400, []error{rest.ErrBadRequest, rest.ErrJobName}, "`job_name`"},
	{"CDISA5284E", 400, []error{rest.ErrBadRequest, rest.ErrBundle}, ".sab"},
	{"CDISA5285E", 404, []error{rest.ErrNotFound, rest.ErrBundleUsed}, "one submission"},
	{"CDISA5289E", 404, []error{rest.ErrNotFound}, "lsjobs"},
	{"CDISA5291E", 404, []error{rest.ErrNotFound}, "lspes"},
	{"CDISA5360E", 400, []error{rest.ErrBadRequest, rest.ErrBundle}, "build the bundle"},
	{"CDISA5395E", 400, []error{rest.ErrBadRequest, rest.ErrBundle}, "version"},
	{"CDISA5400E", 403, []error{rest.ErrForbidden}, "add authority"},
	{"CDISA5402E", 403, []error{rest.ErrForbidden}, "write authority"},
	{"CDISA5403E", 403, []error{rest.ErrForbidden}, "delete authority"},
	{"CDISA5404E", 403, []error{rest.ErrForbidden}, "submit jobs"},
	{"CDISA5432E", 404, []error{rest.ErrNotFound}, "lsappconfig"},
}

var kinds = []error{
	rest.ErrBadRequest, rest.ErrUnauthorized, rest.ErrForbidden, rest.ErrNotFound, rest.ErrMethod, rest.ErrConflict, rest.ErrTooLarge, rest.ErrMediaType,
	rest.ErrTooManyRequests, rest.ErrServer, rest.ErrUnavailable, rest.ErrNotStarted, rest.ErrStarted, rest.ErrNoGroup, rest.ErrBundle, rest.ErrBundleUsed, rest.ErrJobName, rest.ErrAction,
}

// posted is the error of a POST that is refused with a status and a body.
func posted(t *testing.T, status int, body string) (err error) {
	t.Helper()
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); _, _ = io.WriteString(w, body) })
	with(t, h, nil, func(t *testing.T, c *rest.Client) {
		err = c.Post(context.WithoutCancel(t.Context()), "do it", "/streams/x", map[string]any{}, nil)
	})
	return err
}

func ofKinds(t *testing.T, err error, want ...error) {
	t.Helper()
	for _, k := range kinds {
		wanted := false
		for _, w := range want {
			wanted = wanted || errors.Is(w, k)
		}
		if errors.Is(err, k) != wanted {
			t.Errorf("%v\nis it %q? %t", err, k, !wanted)
		}
	}
}

func TestEveryMessageOfTheReferenceIsOfAKindInEveryShape(t *testing.T) {
	for _, m := range ids {
		for shape, body := range map[string]string{
			"A":                 fmt.Sprintf(`{"id":%q,"message":"%s Something is said."}`, m.id, m.id),
			"A without id":      fmt.Sprintf(`{"message":"%s Something is said."}`, m.id),
			"B":                 fmt.Sprintf(`{"messages":[{"id":%q,"message":"Something is said."}],"new":{"x":1}}`, m.id),
			"B second":          fmt.Sprintf(`{"messages":[{"id":"CDISX0000I","message":"First."},{"id":%q,"message":"Something is said."}]}`, m.id),
			"text":              m.id + " Something is said.\n",
			"B with one broken": fmt.Sprintf(`{"messages":[{"id":7,"message":"x"},{"id":%q,"message":"Something is said."}]}`, m.id),
		} {
			t.Run(m.id+" "+shape, func(t *testing.T) {
				err := posted(t, m.status, body)
				contains(t, err, m.id+" Something is said.", fmt.Sprint(m.status), m.advice)
				ofKinds(t, err, m.kinds...)
			})
		}
		// The id is believed whatever the status is.
		err := posted(t, 418, fmt.Sprintf(`{"id":%q,"message":"x"}`, m.id))
		ofKinds(t, err, m.kinds...)
	}
}

func TestEveryStatusIsOfAKind(t *testing.T) {
	for _, tc := range []struct {
		status    int
		kinds     []error
		temporary bool
		words     string
	}{
		{400, []error{rest.ErrBadRequest}, false, "400 Bad Request"},
		{401, []error{rest.ErrUnauthorized}, false, "`password`"},
		{403, []error{rest.ErrForbidden}, false, "may not do this"},
		{404, []error{rest.ErrNotFound}, false, "`instance`"},
		{405, []error{rest.ErrMethod}, false, "`operation`"},
		{406, []error{rest.ErrMediaType}, false, "`url`"},
		{408, nil, true, "408"},
		{409, []error{rest.ErrConflict}, false, "state"},
		{410, []error{rest.ErrNotFound}, false, "410"},
		{413, []error{rest.ErrTooLarge}, false, "too large"},
		{415, []error{rest.ErrMediaType}, false, "`url`"},
		{418, nil, false, "418"},
		{429, []error{rest.ErrTooManyRequests}, true, "`poll_interval`"},
		{500, []error{rest.ErrServer}, true, "product log"},
		{501, []error{rest.ErrServer, rest.ErrMethod}, false, "`operation`"},
		{502, []error{rest.ErrServer, rest.ErrUnavailable}, true, "proxy"},
		{503, []error{rest.ErrServer, rest.ErrUnavailable}, true, "503"},
		{504, []error{rest.ErrServer, rest.ErrUnavailable}, true, "proxy"},
		{599, []error{rest.ErrServer}, true, "599"},
	} {
		for shape, body := range map[string]string{
			"no body": "", "a page": "<html><body>no</body></html>", "no JSON": "no \x1b[2J", "another object": `{"error":{"code":1}}`, "a list": "[1]", "null": "null",
			"an unknown id": `{"id":"CDISZ9999E","message":"CDISZ9999E New."}`, "half an object": `{"id":"CDISA5071E","mess`,
		} {
			t.Run(fmt.Sprint(tc.status, " ", shape), func(t *testing.T) {
				err := posted(t, tc.status, body)
				contains(t, err, fmt.Sprint(tc.status), tc.words)
				ofKinds(t, err, tc.kinds...)
				var e *rest.Error
				if !errors.As(err, &e) || e.Temporary() != tc.temporary || e.Status != tc.status {
					t.Errorf("temporary is %t, want %t", e.Temporary(), tc.temporary)
				}
				if strings.ContainsAny(err.Error(), "\x1b\n") {
					t.Errorf("control characters are in %q", err)
				}
			})
		}
	}
}

func TestWithoutAnAnswerThereIsNoKind(t *testing.T) {
	with(t, api{}, func(c *rest.Config) { c.URL = "https://nowhere.example.com" }, func(t *testing.T, c *rest.Client) {
		ofKinds(t, c.Look(context.WithoutCancel(t.Context()), "look", "/streams/x", nil))
	})
}
