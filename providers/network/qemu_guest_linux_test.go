package network

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
	"github.com/xdc-project/xdc/providers/remote"
)

// kernels is where .ci/setup puts Debian's kernel (vmlinuz) and its modules (lib/modules/VERSION).
const kernels = "../../bin/qemu"

// guestPrograms are taken from this machine, with the libraries that they need. busybox gives all the others.
var guestPrograms = []string{"dash", "busybox", "sshd", "tc", "ip", "nft", "flock"}

// guestModules are what the guest's kernel can load, with all that they need.
var guestModules = regexp.MustCompile(`^kernel/(net/(sched|netfilter|ipv[46]/netfilter)/|drivers/(virtio/|net/(virtio_net|ifb|tun)\.))`)

// guest is a small server with Debian's own kernel, emulated in software. It is 10.0.2.15 and fec0::15; everything of this
// machine that listens at 127.0.0.1 or ::1 it sees at 10.0.2.2 or fec0::2.
type guest struct {
	ssh       int         // ports of this machine at 127.0.0.1
	echo      map[int]int // by the guest's own ports
	host      providers.Host
	home      string
	console   console
	began, up time.Time
}

// console is what the guest has printed.
type console struct {
	mu   sync.Mutex
	text bytes.Buffer
	seen chan struct{} // closed when it says that it is up
}

func (c *console) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := bytes.Contains(c.text.Bytes(), []byte("guest is up"))
	c.text.Write(b)
	if !was && bytes.Contains(c.text.Bytes(), []byte("guest is up")) {
		close(c.seen)
	}
	return len(b), nil
}

func (c *console) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// boot starts a guest that ends with the test. What is missing skips the test.
func boot(t *testing.T) *guest {
	t.Helper()
	const want = "needs qemu-system-x86 and a Debian kernel: run make setup"
	if runtime.GOARCH != "amd64" {
		t.Skip("the kernel is one for amd64")
	}
	qemu, err := exec.LookPath("qemu-system-x86_64")
	if err != nil {
		providertest.Lack(t, want)
	}
	kernel := filepath.Join(kernels, "vmlinuz")
	if _, err := os.Stat(kernel); err != nil {
		providertest.Lack(t, want)
	}
	g := &guest{echo: map[int]int{7: 0, 8: 0}, home: t.TempDir(), console: console{seen: make(chan struct{})}}
	ports := freePorts(t, 3)
	g.ssh, g.echo[7], g.echo[8] = ports[0], ports[1], ports[2]
	disk := filepath.Join(g.home, "initrd")
	if err := os.WriteFile(disk, g.image(t), 0o600); err != nil {
		t.Fatal(err)
	}
	wires := fmt.Sprintf("user,id=n,hostfwd=tcp:127.0.0.1:%d-:22,hostfwd=tcp:127.0.0.1:%d-:7,hostfwd=tcp:127.0.0.1:%d-:8,guestfwd=tcp:10.0.2.100:7-cmd:cat", g.ssh, g.echo[7], g.echo[8])
	// The emulator translates a program anew for each address that it is loaded at: without random ones it is three times as fast.
	line := "console=ttyS0 quiet panic=-1 mitigations=off norandmaps nokaslr init_on_alloc=0"
	cmd := exec.Command(qemu, "-accel", "tcg", "-cpu", "max", "-m", "512", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio",
		"-kernel", kernel, "-initrd", disk, "-append", line, "-netdev", wires, "-device", "virtio-net-pci,netdev=n,romfile=")
	cmd.Stdout, cmd.Stderr = &g.console, &g.console
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // when the test itself is killed
	started, ended := make(chan error), make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread() // that signal comes when the thread ends which has started it
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	g.began = time.Now()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("the guest's console:\n%s", g.console.String())
		}
	})
	select {
	case <-g.console.seen:
	case <-ended:
		t.Fatal("qemu has ended")
	case <-time.After(2 * time.Minute):
		t.Fatal("the guest does not come up")
	}
	g.up = time.Now()
	return g
}

// freePorts finds ports of 127.0.0.1 that nobody listens on.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var out []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		out = append(out, l.Addr().(*net.TCPAddr).Port)
	}
	return out
}

// pool reaches the guest over SSH, with nothing remembered.
func (g *guest) pool(t *testing.T) *remote.Pool {
	t.Helper()
	p := remote.NewPool(remote.Options{Dial: (&net.Dialer{}).DialContext, Home: g.home, ConfigFile: "none", AgentSocket: "none"})
	t.Cleanup(func() { p.Close() })
	return p
}

// files is what the guest begins with, by name without the leading slash. Links have their target.
type files map[string]file

type file struct {
	mode uint32 // as in stat(2)
	data []byte
}

const (
	folder  = 0o040755
	link    = 0o120777
	program = 0o100755
	plain   = 0o100600
)

// image makes the guest's file system, and the keys with which it is reached.
func (g *guest) image(t *testing.T) []byte {
	t.Helper()
	f := files{}
	for _, dir := range []string{"bin", "sbin", "lib", "lib64"} {
		f[dir] = file{link, []byte("usr/" + dir)}
	}
	for _, dir := range []string{"proc", "sys", "dev", "run", "tmp", "root", "etc/ssh", "usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "var/empty"} {
		f[dir] = file{mode: folder}
	}
	f.programs(t)
	f.modules(t)
	helper := filepath.Join(g.home, "guest")
	build := exec.Command("go", "build", "-trimpath", "-o", helper, "./testdata/qemu/guest")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the guest's own program: %v\n%s", err, out)
	}
	f["usr/bin/guest"] = file{program, read(t, helper)}
	f["init"] = file{program, read(t, "testdata/qemu/init")}
	f["etc/passwd"] = file{0o100644, []byte("root:x:0:0:root:/root:/bin/sh\nsshd:x:74:74:sshd:/run/sshd:/bin/false\n")}
	f["etc/group"] = file{0o100644, []byte("root:x:0:\nsshd:x:74:\n")}
	f["etc/shadow"] = file{plain, []byte("root:*:19000:0:99999:7:::\nsshd:*:19000:0:99999:7:::\n")}
	f["etc/hosts"] = file{0o100644, []byte("127.0.0.1 localhost\n")}
	f["etc/nsswitch.conf"] = file{0o100644, []byte("passwd: files\ngroup: files\nshadow: files\nhosts: files\n")}
	f["etc/ssh/sshd_config"] = file{plain, []byte("HostKey /etc/ssh/key\nAuthorizedKeysFile /etc/ssh/authorized\nPermitRootLogin prohibit-password\nPasswordAuthentication no\nUsePAM no\nUseDNS no\nMaxStartups 100\n")}

	hostKey, hostPublic := newKey(t)
	f["etc/ssh/key"] = file{plain, hostKey}
	userKey, userPublic := newKey(t)
	f["etc/ssh/authorized"] = file{plain, ssh.MarshalAuthorizedKey(userPublic)}
	identity, known := filepath.Join(g.home, "key"), filepath.Join(g.home, "known_hosts")
	write(t, identity, userKey)
	write(t, known, fmt.Appendf(nil, "[127.0.0.1]:%d %s", g.ssh, ssh.MarshalAuthorizedKey(hostPublic)))
	args, err := json.Marshal(map[string]any{"port": g.ssh, "user": "root", "identity_file": identity, "known_hosts": known})
	if err != nil {
		t.Fatal(err)
	}
	g.host = providers.Host{Name: "edge", Address: "127.0.0.1", Args: args}
	return f.archive()
}

func newKey(t *testing.T) ([]byte, ssh.PublicKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(block), p
}

// programs takes over what scripts call.
func (f files) programs(t *testing.T) {
	t.Helper()
	var from []string
	for _, name := range guestPrograms {
		p, err := exec.LookPath(name)
		if err != nil {
			p = "/usr/sbin/" + name
		}
		if _, err := os.Stat(p); err != nil {
			t.Skipf("needs %s: run make setup", name)
		}
		from = append(from, p)
	}
	// From OpenSSH 9.8 on, sshd is made of several programs.
	more, _ := filepath.Glob("/usr/lib/openssh/sshd-*") // the pattern is well formed
	library := regexp.MustCompile(`(/\S+) \(0x`)
	for _, p := range append(from, more...) {
		f.take(t, p)
		out, err := exec.Command("ldd", p).Output()
		if err != nil {
			t.Fatalf("ldd %s: %v", p, err)
		}
		for _, m := range library.FindAllStringSubmatch(string(out), -1) {
			f.take(t, m[1])
		}
	}
	f["usr/bin/sh"] = file{link, []byte("dash")}
	applets, err := exec.Command("busybox", "--list").Output()
	if err != nil {
		t.Fatal(err)
	}
	for a := range strings.FieldsSeq(string(applets)) {
		if _, ok := f["usr/bin/"+a]; !ok && !slices.Contains(guestPrograms, a) {
			f["usr/bin/"+a] = file{link, []byte("busybox")}
		}
	}
	f["usr/sbin/modprobe"] = file{link, []byte("../bin/busybox")} // where the kernel itself looks for it
}

// take copies a program or a library to where this machine has it; /lib and its like are links into /usr.
func (f files) take(t *testing.T, name string) {
	t.Helper()
	if !strings.HasPrefix(name, "/usr/") {
		name = "/usr" + name
	}
	if _, err := os.Stat(name); err != nil {
		t.Fatalf("this machine is not laid out as expected: %v", err)
	}
	f[name[1:]] = file{program, read(t, name)}
}

// modules takes the kernel's modules.
func (f files) modules(t *testing.T) {
	t.Helper()
	dirs, _ := filepath.Glob(filepath.Join(kernels, "lib/modules/*")) // the pattern is well formed
	if len(dirs) != 1 {
		t.Fatalf("%s has the modules of %d kernels, not of one: remove it and run make setup", kernels, len(dirs))
	}
	to := "usr/lib/modules/" + filepath.Base(dirs[0]) + "/"
	for _, index := range []string{"modules.dep", "modules.alias"} {
		f[to+index] = file{0o100644, read(t, filepath.Join(dirs[0], index))}
	}
	for line := range strings.Lines(string(f[to+"modules.dep"].data)) {
		name, needs, _ := strings.Cut(line, ":")
		if !guestModules.MatchString(name) {
			continue
		}
		for _, m := range append(strings.Fields(needs), name) {
			f[to+m] = file{0o100644, read(t, filepath.Join(dirs[0], m))}
		}
	}
}

// archive is the form (cpio, "newc") in which the kernel unpacks files.
func (f files) archive() []byte {
	for _, name := range slices.Collect(maps.Keys(f)) {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, ok := f[dir]; !ok {
				f[dir] = file{mode: folder}
			}
		}
	}
	var b bytes.Buffer
	pad := func() {
		for b.Len()%4 != 0 {
			b.WriteByte(0)
		}
	}
	add := func(number int, name string, e file) {
		fmt.Fprintf(&b, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", number, e.mode, 0, 0, 1, 0, len(e.data), 0, 0, 0, 0, len(name)+1, 0)
		b.WriteString(name + "\x00")
		pad()
		b.Write(e.data)
		pad()
	}
	for i, name := range slices.Sorted(maps.Keys(f)) { // folders come before what is in them
		add(i+1, name, f[name])
	}
	add(0, "TRAILER!!!", file{})
	return b.Bytes()
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, fs.FileMode(0o600)); err != nil {
		t.Fatal(err)
	}
}
