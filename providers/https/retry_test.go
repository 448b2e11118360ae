package https_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/xdc-project/xdc/providers/https"
)

func TestHowLongAServerAsksToBeLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
		for _, tc := range []struct {
			name, text, date string
			want             time.Duration
		}{
			{"seconds", "7", "", 7 * time.Second},
			{"none", "", "", 0},
			{"a word", "soon", "", 0},
			{"negative", "-7", "", 0},
			{"for ever", "18446744073709551615", "", https.MaxRetryAfter},
			{"more than any number", "99999999999999999999999999", "", 0},
			{"a date", in(5 * time.Second), in(0), 5 * time.Second},
			{"a date of a clock that is an hour ahead", in(time.Hour + 5*time.Second), in(time.Hour), 5 * time.Second},
			{"a date without the server's own", in(5 * time.Second), "", 5 * time.Second},
			{"a date that has passed", in(-time.Hour), in(0), 0},
			{"a date in another age", "Fri, 31 Dec 9999 23:59:59 GMT", in(0), https.MaxRetryAfter},
		} {
			a := https.Answer{Header: http.Header{"Retry-After": {tc.text}, "Date": {tc.date}}}
			if got := a.RetryAfter(); got != tc.want {
				t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
			}
		}
	})
}

// Whatever a server asks for, it is bounded.
func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"7", "-1", "18446744073709551616", "Fri, 31 Dec 9999 23:59:59 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "\x00"} {
		f.Add(s, "Sun, 06 Nov 1994 08:49:37 GMT")
	}
	f.Fuzz(func(t *testing.T, text, date string) {
		a := https.Answer{Header: http.Header{"Retry-After": {text}, "Date": {date}}}
		if d := a.RetryAfter(); d < 0 || d > https.MaxRetryAfter {
			t.Errorf("%q at %q: %s", text, date, d)
		}
	})
}
