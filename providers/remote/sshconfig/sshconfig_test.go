package sshconfig

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/providers/providertest"
)

func parse(t testing.TB, text string, more map[string]string) *Config {
	t.Helper()
	c, err := Parse("/home/u/.ssh/config", source(text, more))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func source(text string, more map[string]string) Source {
	return Source{Home: "/home/u", Folder: "/home/u/.ssh", Read: func(name string) ([]byte, error) {
		if name == "/home/u/.ssh/config" {
			return []byte(text), nil
		}
		if b, ok := more[name]; ok {
			return []byte(b), nil
		}
		return nil, fs.ErrNotExist
	}, Glob: func(pattern string) ([]string, error) {
		var out []string
		for name := range more {
			if ok, _ := filepath.Match(pattern, name); ok {
				out = append(out, name)
			}
		}
		return out, nil
	}}
}

func TestTheFirstValueCountsAndListsAdd(t *testing.T) {
	c := parse(t, `
# a comment
Host edge *.example.com !bad.example.com
  HostName %h.internal
  User = first
  Port 2222
  IdentityFile ~/.ssh/a
  IdentityFile "~/.ssh/b c"
Include conf.d/*
Host *
  User second
  ServerAliveInterval 1m30s
  ConnectTimeout 7
Match host other
  User nobody
Match all
  IdentitiesOnly yes
`, map[string]string{"/home/u/.ssh/conf.d/x": "Host edge\nProxyJump a,b@c:3\nHost zzz\nUser never\n"})
	s := c.Lookup("edge")
	if s.HostName != "%h.internal" || s.User != "first" || s.Port != 2222 || len(s.IdentityFiles) != 2 || s.IdentityFiles[1] != "~/.ssh/b c" || !s.IdentitiesOnly ||
		s.ServerAliveInterval != 90*time.Second || s.ConnectTimeout != 7*time.Second || strings.Join(s.Jumps(), "|") != "a|b@c:3" {
		t.Errorf("edge: %+v", s)
	}
	if s := c.Lookup("bad.example.com"); s.User != "second" || s.Port != 0 {
		t.Errorf("excluded: %+v", s)
	}
	if len(c.Notes) != 1 || !strings.Contains(c.Notes[0], "config:14") {
		t.Errorf("notes: %q", c.Notes)
	}
	var none *Config
	if s := none.Lookup("x"); s.User != "" {
		t.Errorf("no configuration: %+v", s)
	}
}

func TestWhatCannotBeUnderstoodIsSaidWithItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"Port x":                  "config:1: port",
		"\nPort 70000":            "config:2: port",
		"User":                    "user has no value",
		"User \"open":             "does not end",
		"IdentitiesOnly maybe":    "neither yes nor no",
		"ConnectTimeout 3 parsec": "",
		"ConnectTimeout 3p":       "no time",
		"Include config":          "more than 16 times",
	} {
		_, err := Parse("/home/u/.ssh/config", source(text, nil))
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// The obvious way to match: every character and every length of *.
func slowMatch(p, s string) bool {
	switch {
	case p == "":
		return s == ""
	case p[0] == '*':
		for i := 0; i <= len(s); i++ {
			if slowMatch(p[1:], s[i:]) {
				return true
			}
		}
		return false
	}
	return s != "" && (p[0] == '?' || p[0] == s[0]) && slowMatch(p[1:], s[1:])
}

func TestPatternsMatchAsTheObviousWayDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.StringMatching(`[ab?*]{0,8}`).Draw(t, "pattern")
		s := rapid.StringMatching(`[ab]{0,8}`).Draw(t, "name")
		if Match(p, s) != slowMatch(p, s) {
			t.Fatalf("Match(%q, %q) is %v", p, s, Match(p, s))
		}
	})
}

func TestNamesOfFilesAreResolved(t *testing.T) {
	tok := Tokens{Home: "/home/u", Host: "h", Name: "n", Port: 22, User: "r", LocalUser: "u", LocalHost: "l.example.com", Getenv: func(k string) (string, bool) { return "/x", k == "D" }}
	for in, want := range map[string]string{"~/.ssh/%r@%h:%p": "/home/u/.ssh/r@h:22", "%d/%%": "/home/u/%", "${D}/%n": "/x/n", "%L-%l": "l-l.example.com"} {
		if got, err := tok.File(in); err != nil || got != want {
			t.Errorf("%s: %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"%", "%Z", "${E}", "${D"} {
		if got, err := tok.File(in); err == nil {
			t.Errorf("%s: %q", in, got)
		}
	}
}

// What OpenSSH itself makes of a configuration is what is made of it here.
func TestLookupAgreesWithOpenSSH(t *testing.T) {
	ssh, err := exec.LookPath("ssh")
	if err != nil {
		providertest.Lack(t, "needs OpenSSH's client: run make setup")
	}
	for _, text := range []string{
		"Host a\nPort 1\nUser x\nHost *\nPort 2\nUser y\n",
		"Port 3\nHost a b\nPort 4\nHost c\nPort 5\n",
		"Host !a *\nPort 6\nHost a\nPort 7\n",
		"Host ? \n Port=8\nHost *b*\n\tPort\t9\n",
		"host A\nport 10\nHost \"a\"\nuser \"with space\"\n",
	} {
		name := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Parse(name, Source{Read: os.ReadFile, Home: "/", Folder: "/"})
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range []string{"a", "b", "abc", "c", "zz"} {
			out, err := exec.Command(ssh, "-G", "-F", name, host).Output()
			if err != nil {
				t.Fatalf("ssh -G: %v", err)
			}
			s := c.Lookup(host)
			port := s.Port
			if port == 0 {
				port = 22
			}
			if !strings.Contains(string(out), "\nport "+strconv.Itoa(port)+"\n") || s.User != "" && !strings.Contains(string(out), "user "+s.User+"\n") {
				t.Errorf("%q, host %s: %+v, and ssh says\n%s", text, host, s, out)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("Host a\n  Port 22\nInclude x\nMatch all\nUser \"b\\\"c\"\n", "a")
	f.Add("ProxyCommand nc %h %p # not a comment\nIdentityFile=~/a\\ b", "b")
	f.Fuzz(func(_ *testing.T, text, host string) {
		c, err := Parse("/home/u/.ssh/config", source(text, map[string]string{"/home/u/.ssh/x": text}))
		if err == nil {
			s := c.Lookup(host)
			_ = s.Jumps()
			_, _ = HostName(s.HostName, host)
		}
	})
}
