package sshconfig

import (
	"fmt"
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

// asOpenSSH writes settings in the words of `ssh -G`, those that the configuration says something about.
func asOpenSSH(s Settings, host string) map[string]string {
	out := map[string]string{}
	put := func(word, value string) {
		if value != "" {
			out[word] = value
		}
	}
	number := func(word string, n int) {
		if n != 0 {
			out[word] = strconv.Itoa(n)
		}
	}
	name := strings.ToLower(host)
	if s.HostName != "" {
		name, _ = HostName(s.HostName, host) // "" does not agree
	}
	put("hostname", strings.ToLower(name))
	put("user", s.User)
	put("identityfile", strings.Join(s.IdentityFiles, "|"))
	put("certificatefile", strings.Join(s.CertificateFiles, "|"))
	put("identityagent", s.IdentityAgent)
	put("hostkeyalias", s.HostKeyAlias)
	put("proxyjump", strings.Join(s.Jumps(), ","))
	put("proxycommand", strings.TrimPrefix(s.ProxyCommand, "none"))
	put("userknownhostsfile", strings.Join(s.UserKnownHosts, " "))
	put("globalknownhostsfile", strings.Join(s.GlobalKnownHosts, " "))
	number("port", s.Port)
	number("connecttimeout", int(s.ConnectTimeout/time.Second))
	number("serveraliveinterval", int(s.ServerAliveInterval/time.Second))
	number("serveralivecountmax", s.ServerAliveCountMax)
	if s.IdentitiesOnly {
		out["identitiesonly"] = "yes"
	}
	return out
}

// differs says where OpenSSH makes something else of a configuration.
func differs(ssh, file, host string) error {
	c, err := Parse(file, Source{Read: os.ReadFile, Glob: filepath.Glob, Home: "/", Folder: filepath.Dir(file)})
	if err != nil {
		return err
	}
	b, err := exec.Command(ssh, "-G", "-F", file, host).Output()
	if err != nil {
		return fmt.Errorf("ssh -G: %w", err)
	}
	theirs := map[string]string{}
	for l := range strings.Lines(string(b)) {
		word, value, _ := strings.Cut(strings.TrimSpace(l), " ")
		if old, ok := theirs[word]; ok {
			value = old + "|" + value
		}
		theirs[word] = value
	}
	ours := asOpenSSH(c.Lookup(host), host)
	for word, value := range ours {
		if theirs[word] != value {
			return fmt.Errorf("%s is %q, and OpenSSH says %q", word, value, theirs[word])
		}
	}
	for _, word := range []string{"proxyjump", "proxycommand", "hostkeyalias", "certificatefile"} { // without defaults
		if ours[word] != theirs[word] {
			return fmt.Errorf("%s is %q, and OpenSSH says %q", word, ours[word], theirs[word])
		}
	}
	if p := theirs["port"]; ours["port"] == "" && p != "22" {
		return fmt.Errorf("there is no port, and OpenSSH says %s", p)
	}
	return nil
}

// The user's own configuration would be read without -F only, so nothing of this machine plays a part.
func openSSH(t testing.TB) string {
	t.Helper()
	ssh, err := exec.LookPath("ssh")
	if err != nil {
		providertest.Lack(t, "needs OpenSSH's client: run make setup")
	}
	return ssh
}

func TestEveryWordAgreesWithOpenSSH(t *testing.T) {
	t.Parallel()
	ssh := openSSH(t)
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(dir, "d", "folder"), 0o700))
	must(os.WriteFile(filepath.Join(dir, "d", "1"), []byte("Host a\nPort 11\nHost *\nIdentityFile /one\n"), 0o600))
	must(os.WriteFile(filepath.Join(dir, "d", "2"), []byte("Host b\nPort 12\n"), 0o600))
	for i, text := range []string{
		"Include DIR/d/*\nUser after\n",
		"Host b\nInclude DIR/d/*\nUser within\n",
		"Include DIR/none DIR/d/2\nHost b\nPort 13\n",
		"HostName %h.example.com\nUser \"two words\"\nIdentityFile /a\nIdentityFile \"/b c\"\nCertificateFile /c\nCertificateFile /d",
		"ProxyJump none\nProxyCommand nc %h %p # all of it\nProxyJump x\n",
		"ProxyCommand none\nProxyJump u@x:5,y\n",
		"ProxyJump u@[fd00::1]:5\nProxyCommand nc\n",
		"ServerAliveInterval 1m30\nServerAliveCountMax 7\nConnectTimeout 1h\nIdentitiesOnly yes\nIdentitiesOnly no\n",
		"UserKnownHostsFile /x /y\nGlobalKnownHostsFile /z\nHostKeyAlias alias\nIdentityAgent /agent\nIdentityAgent none\n",
		"Match all\nPort 5\nHost zz\nUser nobody\nMatch host nothing\nPort 6\nHost *\nUser somebody\n",
		"Port=7\nUser = \"x y\"\nHostName=a\\\"b\n\tIdentityFile\t=\t/e  # comment\n",
		"Host \"a\" 'b'\nPort 8\nHost a,b\nPort 9\n",
		"Host *.example.com !bad.example.com\nPort 10\nHost !*\nPort 11\n",
	} {
		file := filepath.Join(dir, strconv.Itoa(i))
		must(os.WriteFile(file, []byte(strings.ReplaceAll(text, "DIR", dir)), 0o600))
		for _, host := range []string{"a", "b", "C", "good.example.com", "bad.example.com"} {
			if err := differs(ssh, file, host); err != nil {
				t.Errorf("%q, host %s: %v", text, host, err)
			}
		}
	}
}

// Whatever blocks stand in whatever order, the same ones count as with OpenSSH.
func TestRandomConfigurationsAgreeWithOpenSSH(t *testing.T) {
	t.Parallel()
	ssh := openSSH(t)
	dir := t.TempDir()
	lines := rapid.SampledFrom([]string{
		"Host a", "Host b a", "Host *", "Host !a *", "Host a?", "Host *b !ab", "Match all", "Match host a", "Port 1", "Port 2", "User x", "User y",
		"HostName h-%h", "ProxyJump g", "ProxyJump none", "ProxyCommand nc", "ProxyCommand none", "IdentityFile /1", "IdentityFile /2", "CertificateFile /3",
		"HostKeyAlias z", "ConnectTimeout 3", "ServerAliveInterval 0", "ServerAliveInterval 9", "# Host b", "", "Include " + filepath.Join(dir, "inner"),
	})
	check := func(t *rapid.T) {
		skip := func(all []string) string { // `Match host` is not followed: leave out what it would decide
			var out []string
			in := false
			for _, l := range all {
				if strings.HasPrefix(l, "Host ") || strings.HasPrefix(l, "Match ") {
					in = l == "Match host a"
				}
				if !in || l == "Match host a" {
					out = append(out, l)
				}
			}
			return strings.Join(out, "\n") + "\n"
		}
		inner := rapid.SliceOfN(lines.Filter(func(s string) bool { return !strings.HasPrefix(s, "Include") }), 0, 6).Draw(t, "inner")
		outer := rapid.SliceOfN(lines, 0, 12).Draw(t, "outer")
		host := rapid.SampledFrom([]string{"a", "b", "ab", "c"}).Draw(t, "host")
		file := filepath.Join(dir, "outer")
		if os.WriteFile(filepath.Join(dir, "inner"), []byte(skip(inner)), 0o600) != nil || os.WriteFile(file, []byte(skip(outer)), 0o600) != nil {
			t.Fatal("cannot write")
		}
		if err := differs(ssh, file, host); err != nil {
			t.Fatal(err)
		}
	}
	// Each look costs a process, and rapid makes a hundred of them.
	rapid.Check(t, check)
}

func FuzzMatch(f *testing.F) {
	f.Add("a*b?c**", "aXbYc")
	f.Fuzz(func(t *testing.T, p, s string) {
		if len(p) > 12 || len(s) > 12 {
			return // the obvious way takes too long
		}
		if Match(p, s) != slowMatch(p, s) {
			t.Errorf("Match(%q, %q) is %v", p, s, Match(p, s))
		}
	})
}

// What is not followed although it may matter is said.
func TestWhatIsPassedOverIsSaid(t *testing.T) {
	t.Parallel()
	c := parse(t, "Host a\n  RevokedHostKeys ~/.ssh/revoked\n  Ciphers x\n", nil)
	if len(c.Notes) != 1 || !strings.Contains(c.Notes[0], "config:2: revokedhostkeys is not followed") || !strings.Contains(c.Notes[0], "@revoked") {
		t.Errorf("notes: %q", c.Notes)
	}
}
