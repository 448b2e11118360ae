package lab

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

const sshPort = 22

// keyPair makes a key in OpenSSH's form.
func keyPair(comment string) (private []byte, public ssh.PublicKey, err error) {
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	block, err := ssh.MarshalPrivateKey(key, comment)
	if err != nil {
		return nil, nil, err
	}
	public, err = ssh.NewPublicKey(pub)
	return pem.EncodeToMemory(block), public, err
}

// findSSHD finds OpenSSH's server, which wants to be called by its whole path.
func findSSHD() (string, error) {
	for _, p := range []string{"/usr/sbin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd"} {
		if st, err := os.Stat(p); err == nil && st.Mode().IsRegular() {
			return p, nil
		}
	}
	if p, err := exec.LookPath("sshd"); err == nil {
		return p, nil
	}
	return "", errors.New("there is no sshd: install OpenSSH's server (openssh-server)")
}

// sshd starts the machine's SSH server and returns its line for a known_hosts file.
func (n *node) sshd(program string, authorized ssh.PublicKey) (string, error) {
	private, public, err := keyPair("host key of " + n.name)
	if err != nil {
		return "", err
	}
	config := fmt.Sprintf(`# A machine of an xdc lab.
ListenAddress %s
Port %d
HostKey /run/lab/host_key
AuthorizedKeysFile /run/lab/authorized_keys
PidFile none
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
PrintMotd no
UseDNS no
LogLevel ERROR
# bash reads its start-up file for commands over ssh only at the outermost level.
SetEnv SHLVL=1
`, listenAddress(n.addr), sshPort)
	for name, f := range map[string]struct {
		content []byte
		mode    os.FileMode
	}{
		"/run/lab/host_key":        {private, 0o600},
		"/run/lab/authorized_keys": {ssh.MarshalAuthorizedKey(authorized), 0o600},
		"/run/lab/sshd_config":     {[]byte(config), 0o600},
		"/run/sshd/.keep":          {nil, 0o600}, // the folder is where sshd drops its privileges
	} {
		if err := n.write(name, f.content, f.mode); err != nil {
			return "", fmt.Errorf("set up sshd of %s: %w", n.name, err)
		}
	}
	if err := n.start(order{Path: program, Argv: []string{program, "-D", "-e", "-f", "/run/lab/sshd_config"}, Env: []string{"PATH=" + path}, Again: true}); err != nil {
		return "", err
	}
	return knownhosts.Line([]string{knownhosts.Normalize(n.addr.String())}, public), nil //nolint:misspell // its name
}

func listenAddress(a netip.Addr) string {
	if a.Is6() {
		return "[" + a.String() + "]"
	}
	return a.String()
}
