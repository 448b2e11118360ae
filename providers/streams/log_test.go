package streams

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/providers"
)

// logServer has a log, and may know parts.
type logServer struct {
	text  string
	parts bool
	sent  int
}

func (l *logServer) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	from, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(r.Header.Get("Range"), "bytes="), "-"))
	switch {
	case err != nil || !l.parts:
		l.sent += len(l.text)
		_, _ = fmt.Fprint(w, l.text)
	case from >= len(l.text):
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
	default:
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(l.text)-1, len(l.text)))
		w.WriteHeader(http.StatusPartialContent)
		l.sent += len(l.text) - from
		_, _ = fmt.Fprint(w, l.text[from:])
	}
}

// watching has a session with a log block look at a log of PE 3 of job orders.
func watching(t *testing.T, l *logServer, block string, test func(t *testing.T, srv *server, look func() (string, string))) {
	t.Helper()
	srv := &server{status: "running", jobs: []object{job("5", "orders", "running", "healthy", pe("3", "running", 1, operator("Sink")), pe("4", "running", 1))}}
	srv.more = map[string]http.HandlerFunc{"GET /streams/instances/i/pes/3/applicationtrace": l.serve}
	on(t, srv, func(t *testing.T, env providers.Env, _ *Session) {
		s, err := newSession(env, providers.Target{Name: "dc1"}, json.RawMessage(`{"url":"https://streams:8443","username":"xdc","password":{"secret":"var.p"},"ca_file":"ca.pem","log":[`+block+`]}`))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Track(providers.JobInfo{Path: "job.orders"}, []byte(`{"id":"5","name":"orders"}`)); err != nil {
			t.Fatal(err)
		}
		test(t, srv, func() (string, string) {
			r, ok := round(t, s)["log.errors"]
			if !ok {
				return "no sample", ""
			}
			if !r.News || r.ValidFor != 3*time.Second || r.Low.After(r.High) {
				t.Errorf("the sample is %+v", r)
			}
			return r.Value.String(), r.Evidence
		})
	})
}

func TestLinesOfALogAreCountedOnce(t *testing.T) {
	for _, parts := range []bool{true, false} {
		t.Run(fmt.Sprintf("parts %t", parts), func(t *testing.T) {
			l := &logServer{parts: parts, text: "ERROR before the run\n" + strings.Repeat("nothing\n", 1000) + "ERROR whose line has no end"}
			watching(t, l, `{"name":"errors","pattern":"ERROR","operator":"Sink","interval":"1s"}`, func(t *testing.T, _ *server, look func() (string, string)) {
				at := func(want, evidence string) {
					t.Helper()
					n, e := look()
					if diff := cmp.Diff([]string{want, evidence}, []string{n, e}); diff != "" {
						t.Error(diff)
					}
				}
				at("0", "")
				l.sent = 0
				l.text += " yet\r\nfine\nan ERROR \x1b[31m too\nand half an ERR"
				at("2", "an ERROR  [31m too")
				if parts && l.sent > 200 {
					t.Errorf("%d bytes were sent for a few lines", l.sent)
				}
				at("2", "")
				l.text += "OR\n"
				at("3", "and half an ERROR")
				// The PE is launched again, and its log begins anew, shorter at first.
				l.text = "ERROR in the new log\n"
				at("4", "ERROR in the new log")
				l.text = "ERROR in another log that begins with other words and is longer\nERROR\n"
				at("6", "ERROR")
				l.text = ""
				at("6", "")
			})
		})
	}
}

func TestAllLinesOfAJobThatBeganLaterCount(t *testing.T) {
	l := &logServer{text: "ERROR at once\n"}
	watching(t, l, `{"name":"errors","pattern":"ERROR","pe":"3","job":"orders","interval":"1s"}`, func(t *testing.T, srv *server, look func() (string, string)) {
		all := srv.jobs
		srv.jobs = nil
		look()
		srv.jobs = all
		if n, e := look(); n != "1" || e != "ERROR at once" {
			t.Errorf("there are %s lines: %s", n, e)
		}
	})
}

func TestALogThatCannotBeReadGivesNoSample(t *testing.T) {
	l := &logServer{text: "ERROR\n"}
	watching(t, l, `{"name":"errors","pattern":"ERROR","interval":"1s"}`, func(t *testing.T, srv *server, look func() (string, string)) {
		if n, _ := look(); n != "no sample" { // PE 4 has none
			t.Errorf("there are %s lines", n)
		}
		srv.more["GET /streams/instances/i/pes/4/applicationtrace"] = serveText("")
		if n, _ := look(); n != "0" {
			t.Errorf("there are %s lines", n)
		}
		delete(srv.more, "GET /streams/instances/i/pes/4/applicationtrace") // gone while it is launched again
		if n, _ := look(); n != "0" {
			t.Errorf("there are %s lines", n)
		}
	})
}

func TestLogBlocksAreChecked(t *testing.T) {
	for want, logs := range map[string][]logArgs{
		"stands twice":                     {{Name: "a", Pattern: "x"}, {Name: "a", Pattern: "x"}},
		"the pattern cannot be read":       {{Name: "a", Pattern: "("}},
		"`operator` and `pe` exclude each": {{Name: "a", Pattern: "x", Operator: "o", PE: "1"}},
	} {
		if err := (connection{Logs: logs}).check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("it says %v, want %q", err, want)
		}
	}
	if err := (connection{Logs: []logArgs{{Name: "a", Pattern: "x"}, {Name: "b", Pattern: "x"}}}).check(); err != nil {
		t.Error(err)
	}
}

func TestHoweverALogIsCutItsLinesAreTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ab\n]{0,200}`).Draw(t, "log")
		cuts := rapid.SliceOfN(rapid.IntRange(0, 20), 0, 40).Draw(t, "cuts")
		var got []string
		tl := &tail{}
		left := text
		for _, c := range append(cuts, len(left)) {
			c = min(c, len(left))
			tl.take([]byte(left[:c]), func(line []byte) { got = append(got, string(line)) })
			left = left[c:]
		}
		want := strings.Split(text, "\n")
		want = want[:len(want)-1]
		if strings.Join(got, "\n") != strings.Join(want, "\n") || len(got) != len(want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if tl.size != int64(len(text)) || !strings.HasSuffix(text, string(tl.anchor)) {
			t.Errorf("it is at %d with %q", tl.size, tl.anchor)
		}
	})
}

func FuzzTail(f *testing.F) {
	f.Add([]byte("a\nb"), []byte("\r\n\xff"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		tl := &tail{}
		for _, x := range [][]byte{a, b} {
			tl.take(x, func(line []byte) {
				if len(line) > maxLine || strings.ContainsAny(shown(line), "\n\r\x1b") || len(shown(line)) > quoted+4 {
					t.Errorf("the line %q is not fit for evidence", line)
				}
			})
		}
		if len(tl.anchor) > anchorSize || len(tl.rest) > maxLine {
			t.Errorf("it keeps %d and %d bytes", len(tl.anchor), len(tl.rest))
		}
	})
}
