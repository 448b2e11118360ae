package rest

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
)

// Kinds of refusals, for errors.Is. A refusal may be of several: by its status, and by the ids of its messages, which
// say more and are believed whatever the status is.
var (
	ErrBadRequest      = errors.New("the request is not understood")
	ErrUnauthorized    = errors.New("the login is refused")
	ErrForbidden       = errors.New("the authority is missing")
	ErrNotFound        = errors.New("it is not there")
	ErrMethod          = errors.New("the resource does not take this method")
	ErrConflict        = errors.New("it is in another state")
	ErrTooLarge        = errors.New("the request is too large")
	ErrMediaType       = errors.New("the media type is not taken")
	ErrTooManyRequests = errors.New("there are too many requests")
	ErrServer          = errors.New("the server failed")
	ErrUnavailable     = errors.New("the service is not available")

	// Known by the ids of messages only.
	ErrNotStarted = errors.New("the instance is not started")
	ErrStarted    = errors.New("the instance is started already")
	ErrNoGroup    = errors.New("there is no such job group")
	ErrBundle     = errors.New("the bundle is refused")
	ErrBundleUsed = errors.New("the uploaded bundle is used up")
	ErrJobName    = errors.New("the job's name is refused")
	ErrAction     = errors.New("the action is not known")
)

// byStatus are the kinds of statuses (reference 1.5 and 3.9; that 400, 401, 403 and 409 mean what they mean everywhere
// is INFERRED).
var byStatus = map[int]error{
	http.StatusBadRequest: ErrBadRequest, http.StatusUnauthorized: ErrUnauthorized, http.StatusForbidden: ErrForbidden,
	http.StatusNotFound: ErrNotFound, http.StatusGone: ErrNotFound, http.StatusMethodNotAllowed: ErrMethod, http.StatusNotImplemented: ErrMethod,
	http.StatusConflict: ErrConflict, http.StatusRequestEntityTooLarge: ErrTooLarge, http.StatusUnsupportedMediaType: ErrMediaType, http.StatusNotAcceptable: ErrMediaType,
	http.StatusTooManyRequests: ErrTooManyRequests, http.StatusBadGateway: ErrUnavailable, http.StatusServiceUnavailable: ErrUnavailable, http.StatusGatewayTimeout: ErrUnavailable,
}

// known is what is known of the id of a message.
type known struct {
	kinds  []error
	advice string
}

const (
	adviceList   = "grant the authority to read it in Streams, or log in as another user"
	adviceAction = "say how your server does it with an `operation` block in the streams block"
	adviceGone   = "it may have been cancelled or have ended; look at the list of jobs (streamtool lsjobs)"
)

// byID are the ids that the reference lists: those of the REST layer (SW) and of the management below it (AM).
var byID = map[string]known{
	"CDISW5000E": {[]error{ErrNotFound}, ""},
	"CDISW5001E": {[]error{ErrServer}, "look at the product log of the domain (streamtool getdomainlog) and try again"},
	"CDISW5002E": {[]error{ErrBadRequest}, "an id has a form that the server does not know; check the ids in the plan"},
	"CDISW5003E": {[]error{ErrForbidden}, adviceList}, "CDISW5004E": {[]error{ErrForbidden}, adviceList},
	"CDISW5005E": {[]error{ErrForbidden}, adviceList}, "CDISW5006E": {[]error{ErrForbidden}, adviceList},
	"CDISW5007E": {[]error{ErrForbidden}, adviceList}, "CDISW5008E": {[]error{ErrForbidden}, adviceList},
	"CDISW5009E": {[]error{ErrForbidden}, adviceList}, "CDISW5010E": {[]error{ErrForbidden}, adviceList},
	"CDISW5011E": {[]error{ErrBadRequest, ErrAction}, adviceAction},
	"CDISW5012E": {[]error{ErrBadRequest, ErrAction}, adviceAction},
	"CDISW5013E": {[]error{ErrBadRequest, ErrAction}, adviceAction},
	"CDISW5014E": {[]error{ErrBadRequest}, "the server does not take the body for JSON; a proxy in between may have changed it"},

	"CDISA5061E": {[]error{ErrNotFound}, "check `domain` in the streams block"},
	"CDISA5071E": {[]error{ErrNotFound}, "check `instance` in the streams block"},
	"CDISA5072E": {[]error{ErrConflict, ErrNotStarted}, "start the instance (streamtool startinstance) and try again"},
	"CDISA5073E": {[]error{ErrConflict, ErrStarted}, ""},
	"CDISA5157E": {[]error{ErrNotFound}, "look at the resources of the domain (streamtool lsresources)"},
	"CDISA5210E": {[]error{ErrNotFound, ErrNoGroup}, "give a `group` that the instance has (streamtool lsjobgroup), or leave it out"},
	"CDISA5230E": {[]error{ErrNotFound}, adviceGone}, "CDISA5289E": {[]error{ErrNotFound}, adviceGone},
	"CDISA5291E": {[]error{ErrNotFound}, "look at the PEs of the instance (streamtool lspes)"},
	"CDISA5246E": {[]error{ErrBadRequest, ErrJobName}, "give a `job_name` of at most 1024 characters, of letters, digits, `_`, `-`, `.` and `:`"},
	"CDISA5284E": {[]error{ErrBadRequest, ErrBundle}, "give a bundle whose name ends in .sab"},
	"CDISA5285E": {[]error{ErrNotFound, ErrBundleUsed}, "an uploaded bundle is good for one submission, and not for long; submit again"},
	"CDISA5360E": {[]error{ErrBadRequest, ErrBundle}, "build the bundle again (sc), and check that the file is whole"},
	"CDISA5395E": {[]error{ErrBadRequest, ErrBundle}, "build the bundle with the version of Streams that the instance has"},
	"CDISA5400E": {[]error{ErrForbidden}, "grant add authority on the job group, or give another `group`"},
	"CDISA5402E": {[]error{ErrForbidden}, "grant write authority on the job group"},
	"CDISA5403E": {[]error{ErrForbidden}, "grant delete authority on the job group"},
	"CDISA5404E": {[]error{ErrForbidden}, "grant the authority to submit jobs"},
	"CDISA5432E": {[]error{ErrNotFound}, "look at the application configurations of the instance (streamtool lsappconfig)"},
}

// idPattern is how the platform's messages begin: the text of most repeats the id.
var idPattern = regexp.MustCompile(`^CDIS[A-Z]\d{4}[A-Z]`)

// idOf is the id of a message, from its text where it has none of its own; empty where there is none.
func idOf(m Message) string {
	if idPattern.MatchString(m.ID) {
		return m.ID
	}
	return idPattern.FindString(m.Message)
}

// Is reports whether a refusal is of a kind.
func (e *Error) Is(kind error) bool {
	if e.Status == 0 {
		return false
	}
	if byStatus[e.Status] == kind || e.Status >= 500 && kind == ErrServer {
		return true
	}
	return slices.ContainsFunc(e.Messages, func(m Message) bool { return slices.Contains(byID[idOf(m)].kinds, kind) })
}

// advice is what to do about a refusal by the ids of its messages; empty where they say nothing.
func advice(messages []Message) string {
	for _, m := range messages {
		if a := byID[idOf(m)].advice; a != "" {
			return a
		}
	}
	return ""
}
