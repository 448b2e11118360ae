package remote

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
	"github.com/xdc-project/xdc/providers/shell"
)

// users makes an ordinary user on the machine alone, and says who may become root there.
func users(loginShell, sudoers, doas string) func(*server) {
	return func(s *server) {
		s.put("/run/k/add", `
set -e
cp -a /etc /run/etc
mount --bind /run/etc /etc
rm -f /etc/sudoers.d/* /etc/doas.conf
echo "xdc:x:4711:4711::/run/home:`+loginShell+`" >>/etc/passwd
echo "xdc:*:19000::::::" >>/etc/shadow
echo "xdc:x:4711:" >>/etc/group
mkdir -p /run/home/.ssh
chown -R 4711:4711 /run/home
`, "700")
		s.Must(s.t, "/bin/sh", "/run/k/add")
		if sudoers != "" {
			s.put("/etc/sudoers.d/xdc", sudoers+"\n", "440")
		}
		if doas != "" {
			s.put("/etc/doas.conf", doas+"\n", "600")
		}
	}
}

func TestBecomingRoot(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, shell, sudoers, doas, become string
		kind                               error
		words                              []string
	}{
		{"sudo", "/bin/sh", "xdc ALL=(root) NOPASSWD: /bin/sh", "", "sudo", nil, nil},
		{"sudo with bash", "/bin/bash", "xdc ALL=(root) NOPASSWD: ALL", "", "sudo", nil, nil},
		{"sudo asks for a password", "/bin/sh", "xdc ALL=(root) ALL", "", "sudo", ErrPrivilege, []string{"NOPASSWD: /bin/sh"}},
		{"sudo does not allow it", "/bin/sh", "", "", "sudo", ErrPrivilege, []string{"/etc/sudoers.d"}},
		{"sudo wants a terminal", "/bin/sh", "Defaults requiretty\nxdc ALL=(root) NOPASSWD: ALL", "", "sudo", ErrPrivilege, nil},
		{"doas", "/bin/sh", "", "permit nopass xdc cmd /bin/sh", "doas", nil, nil},
		{"doas does not allow it", "/bin/sh", "", "permit nopass root", "doas", ErrPrivilege, []string{"/etc/doas.conf"}},
		{"doas asks for a password", "/bin/sh", "", "permit xdc cmd /bin/sh", "doas", ErrPrivilege, []string{"permit nopass xdc cmd /bin/sh"}},
		{"doas without a file of rules", "/bin/sh", "", "", "doas", ErrPrivilege, []string{"/etc/doas.conf"}},
		{"nologin", "/usr/sbin/nologin", "xdc ALL=(root) NOPASSWD: ALL", "", "sudo", ErrShell, []string{"login shell must run commands", "account is currently not available"}},
		{"false", "/bin/false", "", "permit nopass xdc", "doas", ErrShell, []string{"said: nothing", "login shell must run commands"}},
		{"a login shell that is not there", "/bin/none", "xdc ALL=(root) NOPASSWD: ALL", "", "sudo", ErrLoginRefused, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, users(tc.shell, tc.sudoers, tc.doas))
			for _, tool := range []string{"sudo", "doas"} {
				if tc.become == tool && s.Command(t.Context(), "sh", "-c", "command -v "+tool).Run() != nil {
					providertest.Lack(t, "needs %s: run make setup", tool)
				}
			}
			m := s.machine(s.pool(nil), map[string]any{"user": "xdc", "become": tc.become})
			out, err := m.Run(t.Context(), shell.Script{Name: "x", Text: `id -u; cat "$INPUT"`, Input: []byte("secret")})
			if tc.kind != nil {
				refused(t, tc.name, err, tc.kind, tc.words...)
				return
			}
			if err != nil || out.Stdout != "0\nsecret" {
				t.Fatalf("got %+v, %v", out, err)
			}
			if out, err := m.Run(t.Context(), shell.Script{Name: "x", Text: "id -u", Plain: true}); err != nil || out.Stdout != "4711\n" {
				t.Errorf("plain: %+v, %v", out, err)
			}
			if f, err := m.Facts(t.Context()); err != nil || !f.Root || !f.Peer.IsValid() {
				t.Errorf("facts: %+v, %v", f, err)
			}
			if out := s.Must(t, "sh", "-c", "ls /tmp"); strings.TrimSpace(out) != "" {
				t.Errorf("left in /tmp: %s", out)
			}
		})
	}
	t.Run("without become", func(t *testing.T) {
		t.Parallel()
		s := serve(t, users("/bin/sh", "", ""))
		m := s.machine(s.pool(nil), map[string]any{"user": "xdc"})
		f, err := m.Facts(t.Context())
		if err != nil || f.Root || f.Dir != "/tmp/xdc-4711" || f.User != "xdc" {
			t.Errorf("facts: %+v, %v", f, err)
		}
		if found := m.(providers.Checker).Check(t.Context()); len(found) != 1 || !strings.Contains(found[0].Text, "will be refused") {
			t.Errorf("check: %+v", found)
		}
	})
}

// What a login shell prints by itself is not taken for a script's output.
func TestANoisyLoginChangesNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, func(s *server) {
		users("/bin/bash", "", "")(s)
		s.put("/run/home/.bashrc", "echo xdc-begin-; echo noise; echo noise >&2\n", "644")
		s.put("/run/home/.bash_logout", "echo bye; exit 3\n", "644")
	}, "Banner /run/k/authorized_keys", "PermitUserEnvironment yes")
	out, err := s.machine(s.pool(nil), map[string]any{"user": "xdc"}).Run(t.Context(), shell.Script{Name: "x", Text: "echo yes; return 5"})
	if err != nil || out.Stdout != "yes\n" || out.Exit != 5 {
		t.Errorf("got %+v, %v", out, err)
	}
}

// The path of the login decides whether sudo and doas are found.
func TestBecomingRootWithoutTheProgram(t *testing.T) {
	t.Parallel()
	for _, login := range []string{"/bin/sh", "/bin/bash"} {
		s := serve(t, users(login, "", ""), "SetEnv SHLVL=1 PATH=/run/nothing")
		for _, tool := range []string{"sudo", "doas"} {
			_, err := s.machine(s.pool(nil), map[string]any{"user": "xdc", "become": tool}).Run(t.Context(), nothing)
			refused(t, tool+" with "+login, err, ErrBecome, "install it", "log in as root")
		}
	}
}

func TestRootNeedsNothingToBecomeRoot(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, "SetEnv SHLVL=1 PATH=/usr/bin:/bin")
	if out, err := s.machine(s.pool(nil), map[string]any{"become": "sudo"}).Run(t.Context(), shell.Script{Name: "x", Text: "id -u; command -v sysctl ip >/dev/null; echo $?"}); err != nil || !strings.HasPrefix(out.Stdout, "0\n") {
		t.Errorf("got %+v, %v", out, err)
	}
	for _, tc := range []struct {
		args  string
		words string
	}{{`{"become":"su"}`, "sudo, doas or nothing"}, {`{"port":"x"}`, ""}, {`{"jump":["a b"]}`, "USER@ADDRESS:PORT"}} {
		_, err := s.pool(nil).Machine(place, providers.Host{Name: "edge", Address: address, Args: []byte(tc.args)})
		refused(t, tc.args, err, ErrSettings, tc.words)
	}
}

// A host may have no other shell and tools than BusyBox's.
func TestBusyBoxIsShellEnough(t *testing.T) {
	t.Parallel()
	box, err := exec.LookPath("busybox")
	if err != nil {
		providertest.Lack(t, "needs busybox: run make setup")
	}
	s := serve(t, func(s *server) {
		users("/bin/sh", "xdc ALL=(root) NOPASSWD: /bin/sh", "")(s)
		s.Must(s.t, "sh", "-c", `mount --bind "$1" "$(readlink -f /bin/sh)"`, "sh", box)
	})
	m := s.machine(s.pool(nil), map[string]any{"user": "xdc", "become": "sudo"})
	out, err := m.Run(t.Context(), shell.Script{Name: "x", Text: `readlink /proc/$$/exe; eval "set -- $L"; echo "$#$2"; cat "$INPUT"; return 9`, Input: []byte("in")}.SetList("L", []string{"a", "b 'c'\n"}))
	if err != nil || !strings.Contains(out.Stdout, "b 'c'\n\nin") || out.Exit != 9 {
		t.Errorf("got %+v, %v", out, err)
	}
	if f, err := m.Facts(t.Context()); err != nil || !f.Root || !f.Has("flock") {
		t.Errorf("facts: %+v, %v", f, err)
	}
}
