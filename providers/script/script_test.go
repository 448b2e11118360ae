//go:build unix

package script

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func file(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "it's $(a) script")
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestAScriptIsRunAsItIs(t *testing.T) {
	for _, tc := range []struct{ name, text, out, err string }{
		{"with an interpreter", "#!/bin/sh\necho \"$#:$A:$HOME:$PWD\" | sed \"s,$(dirname \"$0\"),here,\"\n", "0:b c::here\n", ""},
		{"without one", "echo \"$#:$A\"\n", "0:b c\n", ""},
		{"a status", "#!/bin/sh\necho no >&2\nexit 7\n", "no\n", "the script ended with exit status 7"},
		{"a signal", "#!/bin/sh\nkill -9 $$\n", "", "the script ended with signal: killed"},
		{"the output is waited for", "#!/bin/sh\n(sleep 0.2; echo late) &\n", "late\n", ""},
		{"a program that is not there", "#!/nowhere/at/all\n", "", "run the script: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out bytes.Buffer
			err := Script{Path: file(t, tc.text, 0o700), Env: []string{"A=b c", "PATH=" + os.Getenv("PATH")}}.Run(t.Context(), &out)
			said := ""
			if err != nil {
				said = err.Error()
			}
			if out.String() != tc.out || !strings.HasPrefix(said, tc.err) || (tc.err == "") != (err == nil) {
				t.Errorf("wrote %q and ended with %q, want %q and %q", out.String(), said, tc.out, tc.err)
			}
		})
	}
}

// What a script has started goes with it when time is up, and who has left its group does not hold anything up.
func TestAScriptIsKilledWithAllThatItHasStarted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	said := &lines{cancel: cancel, after: 2}
	err := Script{Path: file(t, "#!/bin/sh\nsleep 300 & echo $!\nsetsid sleep 301 & echo $!\nwait\n", 0o700), Env: []string{"PATH=" + os.Getenv("PATH")}}.Run(ctx, said)
	if err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("it ended with %v", err)
	}
	pids := strings.Fields(said.String())
	if len(pids) != 2 {
		t.Fatalf("it wrote %q", said)
	}
	outside, _ := strconv.Atoi(pids[1])
	t.Cleanup(func() { _ = syscall.Kill(outside, syscall.SIGKILL) })
	inside, _ := strconv.Atoi(pids[0])
	gone := func() bool {
		b, err := os.ReadFile("/proc/" + pids[0] + "/stat")
		return syscall.Kill(inside, 0) != nil || err == nil && strings.Contains(string(b), ") Z ")
	}
	for end := time.Now().Add(10 * time.Second); !gone(); <-time.After(10 * time.Millisecond) {
		if time.Now().After(end) {
			_ = syscall.Kill(inside, syscall.SIGKILL)
			t.Fatal("what it had started still runs")
		}
	}
}

// lines ends a context after so many lines.
type lines struct {
	bytes.Buffer
	cancel func()
	after  int
}

func (l *lines) Write(p []byte) (int, error) {
	n, err := l.Buffer.Write(p)
	if strings.Count(l.String(), "\n") >= l.after {
		l.cancel()
	}
	return n, err
}

func TestTheOutputIsBounded(t *testing.T) {
	var out bytes.Buffer
	err := Script{Path: file(t, "#!/bin/sh\nyes | head -c 1000000\n", 0o700), Env: []string{"PATH=" + os.Getenv("PATH")}}.Run(t.Context(), &out)
	if err != nil || out.Len() != MostOutput {
		t.Errorf("%d bytes, %v", out.Len(), err)
	}
}

func TestWhatCannotBeRunIsSaid(t *testing.T) {
	if err := Check(file(t, "#!/bin/sh\n", 0o700)); err != nil {
		t.Error(err)
	}
	for path, want := range map[string]string{
		file(t, "#!/bin/sh\n", 0o600): "chmod +x", t.TempDir(): "no plain file", filepath.Join(t.TempDir(), "none"): "no such file",
	} {
		if err := Check(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
}
