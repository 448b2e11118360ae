package https

import (
	"net/http"
	"strconv"
	"time"
)

// MaxRetryAfter bounds how long a server can ask to be left alone.
const MaxRetryAfter = 24 * time.Hour

// RetryAfter is for how long the server asks to be left alone; 0 where it does not say. RFC 9110, section 10.2.3: a number of
// seconds, or a date, which is of the server's clock and is therefore compared with the date of its answer.
func (a *Answer) RetryAfter() time.Duration {
	text := a.Header.Get("Retry-After")
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return time.Duration(min(n, uint64(MaxRetryAfter/time.Second))) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(a.Header.Get("Date"))
	if err != nil {
		now = time.Now().Round(time.Second)
	}
	return min(max(at.Sub(now), 0), MaxRetryAfter)
}

// Redirect is where the server sends who asked it; empty where it does not, and for no answer.
func (a *Answer) Redirect() string {
	if a == nil || a.Status < 300 || a.Status > 399 || a.Status == http.StatusNotModified {
		return ""
	}
	return a.Header.Get("Location")
}
