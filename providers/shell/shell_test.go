package shell

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

func run(t *testing.T, s Script) (Output, error) {
	t.Helper()
	in, err := s.Wrap("n0nce")
	if err != nil {
		return Output{}, err
	}
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-s")
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, in, errs.String())
	}
	return Unwrap(out.Bytes(), errs.Bytes(), "n0nce")
}

func TestAScriptGetsItsValuesAndReturnsItsStatus(t *testing.T) {
	s := Script{Text: "printf '%s|' \"$A\"\neval \"set -- $L\"\nfor x; do printf '<%s>' \"$x\"; done\nprintf 'sorry\\n' >&2\ncat \"$INPUT\"\nreturn 7", Input: []byte("s3cret\n'$(id)'")}
	out, err := run(t, s.Set("A", "a'b\n$(id) \\").SetList("L", []string{"", "-n", "x y", "'"}))
	if want := "a'b\n$(id) \\|<><-n><x y><'>s3cret\n'$(id)'"; err != nil || out.Stdout != want || out.Exit != 7 || out.Stderr != "sorry\n" {
		t.Errorf("got %+v, %v, want %q", out, err, want)
	}
}

func TestAGreetingIsNotTakenForTheAnswer(t *testing.T) {
	for _, tc := range []struct {
		stdout, want string
		exit         int
		cut          bool
	}{
		{"Welcome!\n\nxdc-begin-x\nhello\nxdc-end-x 3\nbye\n", "hello", 3, false},
		{"\nxdc-begin-x\n\nxdc-end-y 1\n\nxdc-end-x 0\n", "\nxdc-end-y 1\n", 0, false},
		{"\nxdc-begin-x\nhello\n", "", 0, true},
		{"\nxdc-begin-x\nhello\nxdc-end-x 1", "", 0, true},
		{"hello", "", 0, true},
	} {
		out, err := Unwrap([]byte(tc.stdout), nil, "x")
		if (err != nil) != tc.cut || !tc.cut && (out.Stdout != tc.want || out.Exit != tc.exit) {
			t.Errorf("%q: got %+v, %v", tc.stdout, out, err)
		}
	}
}

func TestHalfAProgramDoesNothing(t *testing.T) {
	in, err := Script{Text: "echo done >&2"}.Wrap("x")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{10, len(in) / 2, len(in) - 10, len(in) - 17} {
		cmd := exec.CommandContext(t.Context(), "/bin/sh", "-s")
		var errs bytes.Buffer
		cmd.Stdin, cmd.Stderr = bytes.NewReader(in[:n]), &errs
		_ = cmd.Run() // a syntax error is what it should be
		if strings.Contains(errs.String(), "done\n") {
			t.Errorf("the first %d bytes of %d do something:\n%s", n, len(in), in[:n])
		}
	}
}

func TestZeroBytesAndBadNamesAreRefused(t *testing.T) {
	for _, s := range []Script{
		Script{}.Set("A", "a\x00b"), Script{}.SetList("A", []string{"\x00"}), Script{}.Set("A-B", ""), Script{}.Set("1", ""), {Input: []byte{0}},
	} {
		if _, err := s.Wrap("x"); err == nil {
			t.Errorf("%+v is taken", s)
		}
	}
}

func FuzzQuoteAgainstARealShell(f *testing.F) {
	for _, s := range []string{"", "'", `'\''`, "$(touch /tmp/x)", "`id`", "a\nb", "-n", "--", "\xff\xfe", strings.Repeat("x'", 32<<10), "\\", "!", "*", "~", "\r\n\n\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out, err := run(t, Script{Text: "printf %s. \"$A\"; eval \"set -- $L\"; printf %s. \"$#\" \"$@\""}.Set("A", s).SetList("L", []string{s, "x", s}))
		if strings.Contains(s, "\x00") {
			if err == nil {
				t.Error("a zero byte is taken")
			}
			return
		}
		if want := s + ".3." + s + ".x." + s + "."; err != nil || out.Stdout != want || out.Stderr != "" {
			t.Errorf("%q came back as %q (%v, %s)", s, out.Stdout, err, out.Stderr)
		}
	})
}
