package streams

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// archiveOf serves files, name and text in turns, as a tar.gz.
func archiveOf(files *[]string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-compressed")
		z := gzip.NewWriter(w)
		a := tar.NewWriter(z)
		for i := 0; i < len(*files); i += 2 {
			text := (*files)[i+1]
			_ = a.WriteHeader(&tar.Header{Name: (*files)[i], Mode: 0o644, Size: int64(len(text))})
			_, _ = a.Write([]byte(text))
		}
		_ = a.Close()
		_ = z.Close()
	}
}

// looking has a session with a log block look at a server's logs.
func looking(t *testing.T, more map[string]http.HandlerFunc, block string, test func(t *testing.T, srv *server, look func() string)) {
	t.Helper()
	srv := &server{status: "running", more: more, jobs: []object{job("5", "orders", "running", "healthy", pe("3", "running", 1))}}
	on(t, srv, func(t *testing.T, env providers.Env, _ *Session) {
		s, err := newSession(env, providers.Target{Name: "dc1"}, json.RawMessage(`{"url":"https://streams:8443","username":"xdc","password":{"secret":"var.p"},"ca_file":"ca.pem","log":[`+block+`]}`))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Track(providers.JobInfo{Path: "job.orders"}, []byte(`{"id":"5","name":"orders"}`)); err != nil {
			t.Fatal(err)
		}
		test(t, srv, func() string {
			r, ok := round(t, s)["log.errors"]
			if !ok {
				return "no sample"
			}
			return strings.TrimSpace(r.Value.String() + " " + r.Evidence)
		})
	})
}

func TestLinesInAnArchiveAreCountedOnce(t *testing.T) {
	end := strings.Repeat("-", 80) + "\n"
	files := []string{"job_5/pe_3/trace.log", "ERROR before\n" + end, "job_5/pe_3/out.log", "ERROR half", "job_5/pe_4/trace.log", ""}
	more := map[string]http.HandlerFunc{"GET /streams/instances/i/jobs/5/applicationlogtrace": archiveOf(&files)}
	looking(t, more, `{"name":"errors","pattern":"ERROR","source":"archive","interval":"1s"}`, func(t *testing.T, _ *server, look func() string) {
		for _, step := range []struct {
			want  string
			files []string
		}{
			{"0", files},
			{"1 ERROR half and whole", []string{files[0], files[1], files[2], "ERROR half and whole\n", files[4], ""}},
			{"3 ERROR one", []string{files[0], files[1] + "ERROR two\n", files[2], "ERROR half and whole\n", files[4], "ERROR one\n"}},
			// One is moved away and goes on under its name; the other lost its beginning.
			{"5 ERROR after", []string{"job_5/pe_3/trace.log.1", files[1] + "ERROR two\n", files[0], "ERROR new\nERROR after\n", files[2], "ERROR half and whole\n", files[4], "ERROR one\n"}},
			{"5", []string{"job_5/pe_3/trace.log.1", files[1] + "ERROR two\n", files[0], "ERROR new\nERROR after\n"}},
			{"6 ERROR again", []string{files[4], "ERROR one\nERROR again\n"}},
		} {
			files = step.files
			if got := look(); got != step.want {
				t.Errorf("it says %s, want %s", got, step.want)
			}
		}
	})
}

func TestFilesOfAnArchiveAreChosen(t *testing.T) {
	files := []string{"job_5/pe_3/a", "", "job_5/pe_4/a", ""}
	more := map[string]http.HandlerFunc{"GET /streams/instances/i/jobs/5/applicationlogtrace": archiveOf(&files)}
	looking(t, more, `{"name":"errors","pattern":"ERROR","source":"archive","file":"pe_3/","job":"orders","interval":"1s"}`, func(t *testing.T, srv *server, look func() string) {
		look()
		files = []string{"job_5/pe_3/a", "ERROR 3\n", "job_5/pe_4/a", "ERROR 4\n"}
		if got := look(); got != "1 ERROR 3" {
			t.Errorf("it says %s", got)
		}
		srv.more["GET /streams/instances/i/jobs/5/applicationlogtrace"] = serveText("no archive")
		if got := look(); got != "no sample" {
			t.Errorf("of what is no archive it says %s", got)
		}
		srv.more["GET /streams/instances/i/jobs/5/applicationlogtrace"] = archiveOf(&files)
		files[1] += "ERROR later\n"
		if got := look(); got != "2 ERROR later" {
			t.Errorf("it says %s", got)
		}
	})
}

func TestWhatThePlatformLogsIsRead(t *testing.T) {
	for source, link := range map[rest.Source]string{
		rest.JobProduct: "/streams/instances/i/jobs/5/productlog", rest.InstanceProduct: "/streams/instances/i/productlog", rest.DomainProduct: "/streams/domains/d/productlog",
	} {
		t.Run(string(source), func(t *testing.T) {
			l := &logServer{text: "ERROR before\n"}
			more := map[string]http.HandlerFunc{
				"GET " + link:          l.serve,
				"GET /streams/domains": serveText(`{"domains":[{"id":"d","self":"/streams/domains/d"}]}`),
			}
			looking(t, more, `{"name":"errors","pattern":"ERROR","source":"`+string(source)+`","interval":"1s"}`, func(t *testing.T, srv *server, look func() string) {
				if got := look(); got != "0" {
					t.Errorf("at first it says %s", got)
				}
				if !source.OfJob() {
					srv.status = "stopped" // the platform goes on logging
				}
				l.text += "ERROR later\n"
				if got := look(); got != "1 ERROR later" {
					t.Errorf("it says %s", got)
				}
			})
		})
	}
}

func TestSourcesHaveTheArgumentsThatGoWithThem(t *testing.T) {
	for want, l := range map[string]logArgs{
		"`file` cannot be read":                {Source: "archive", File: "("},
		"`file` is about the files":            {Source: "trace", File: "x"},
		"`operator` and `pe` are about":        {Source: "archive", PE: "1"},
		"the source \"job_product\" is not":    {Source: "job_product", Operator: "x"},
		"`job` is about the logs of jobs":      {Source: "instance_product", Job: "orders"},
		"the source \"domain_product\" is not": {Source: "domain_product", Job: "orders"},
	} {
		l.Name, l.Pattern = "a", "x"
		if err := (connection{Logs: []logArgs{l}}).check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("it says %v, want %q", err, want)
		}
	}
	fine := connection{Logs: []logArgs{{Name: "a", Pattern: "x", Source: "archive", File: "x", Job: "j"}, {Name: "b", Pattern: "x", Source: "domain_product"}}}
	if err := fine.check(); err != nil {
		t.Error(err)
	}
	if a, b := fine.Logs[0].every(), fine.Logs[1].every(); a != 30*time.Second || b != 5*time.Second {
		t.Errorf("they are read every %s and %s", a, b)
	}
}

// However a file of an archive grows and is moved to another name, each of its lines counts once.
func TestHoweverAFileIsMovedItsLinesAreTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := rapid.SliceOfN(rapid.IntRange(0, 3), 1, 20).Draw(t, "steps")
		was := map[string]*tail{}
		files := map[string]string{"d/log": ""}
		n, got := 0, []string(nil)
		see := func() {
			now := map[string]*tail{}
			for name, text := range files {
				tl, more, _ := goOn(was, rest.File{Name: name, Text: []byte(text)})
				now[name] = tl
				tl.take(more, func(line []byte) { got = append(got, string(line)) })
			}
			was = now
		}
		see()
		for _, lines := range steps {
			if lines == 0 && len(files["d/log"]) > anchorSize {
				files["d/log.1"], files["d/log"] = files["d/log"], ""
			}
			for range lines {
				n++
				files["d/log"] += fmt.Sprintf("line %d %s\n", n, strings.Repeat("-", 60))
			}
			see()
		}
		seen := map[string]int{}
		for _, l := range got {
			seen[l]++
		}
		for l, times := range seen {
			if times != 1 {
				t.Fatalf("%q counts %d times", l, times)
			}
		}
		if diff := cmp.Diff(n, len(got)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestOfALongFileTheEndIsReadOn(t *testing.T) {
	line := []byte(strings.Repeat("x", 99) + "\n")
	text := bytes.Repeat(line, 10)
	was := map[string]*tail{}
	take := func(from int64, text []byte) (n int) {
		tl, more, _ := goOn(was, rest.File{Name: "a", From: from, Text: text})
		was["a"] = tl
		tl.take(more, func([]byte) { n++ })
		return n
	}
	if n := take(50, text[50:]); n != 9 {
		t.Errorf("it begins with %d lines", n)
	}
	grown := append(bytes.Clone(text), line...)
	if n := take(120, grown[120:]); n != 1 {
		t.Errorf("it goes on with %d lines", n)
	}
}
