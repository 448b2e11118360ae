package streams

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/lab"
	"github.com/xdc-project/xdc/providers/providertest"
	"github.com/xdc-project/xdc/providers/remote"
	"github.com/xdc-project/xdc/providers/standin"
)

// streamtool stands for the real one: it notes how it was called, by whom, and puts the state that the platform then
// states into a file. Told to, it fails as a login that has run out does.
const streamtool = `#!/bin/sh
{ id -un; for a in "$@"; do printf '%s\n' "$a"; done; echo =; } >>/run/log/calls
if [ -e /run/log/refuse ]; then echo 'CDISC5121E The session has expired' >&2; exit 5; fi
case $1 in
stoppe | stopinstance) s=stopped ;;
restartpe | startinstance) s=running ;;
quiesceresource) s=QUIESCED ;;
resumeresource) s=RUNNING ;;
*) echo "unknown command $1" >&2; exit 1 ;;
esac
echo "$s" >/run/log/state
`

// hostile is a program's place, and an id, that a shell would take apart.
const (
	hostileProgram = "/run/bin/stream tool $(touch /tmp/owned);'"
	hostileID      = "r'1 $(touch /tmp/owned) \"; touch /tmp/owned #\n-i\\"
)

// installation is a host with streamtool and a real SSH server, and the platform's API, which states what streamtool did.
type installation struct {
	*providertest.Node
	env providers.Env
}

func (i *installation) put(t *testing.T, name, content, mode string) {
	t.Helper()
	c := i.Command(t.Context(), "sh", "-c", `mkdir -p "${1%/*}" && cat >"$1" && chmod "$2" "$1"`, "sh", name, mode)
	c.Stdin = strings.NewReader(content)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v %s", name, err, out)
	}
}

// state is what the platform's API states.
func (i *installation) state(ctx context.Context) string {
	b, _ := i.Command(ctx, "cat", "/run/log/state").Output() // an empty state fails the test
	return strings.TrimSpace(string(b))
}

// calls are those of streamtool since the last time, a line of user and arguments each.
func (i *installation) calls(t *testing.T) []string {
	t.Helper()
	out := i.Must(t, "sh", "-c", "cat /run/log/calls 2>/dev/null; rm -f /run/log/calls")
	var all []string
	for c := range strings.SplitSeq(strings.TrimSuffix(out, "=\n"), "\n=\n") {
		if c != "" {
			all = append(all, strings.TrimSuffix(c, "\n"))
		}
	}
	return all
}

func key(t *testing.T) ([]byte, ssh.Signer) {
	t.Helper()
	_, k, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(k, "test")
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(block), s
}

func install(t *testing.T, id string) *installation {
	t.Helper()
	if _, err := os.Stat("/usr/sbin/sshd"); err != nil {
		t.Skip("needs OpenSSH's server: run make setup")
	}
	i := &installation{Node: providertest.NewNode(t, "edge")}
	i.Must(t, "sh", "-c", "chmod 755 /run; mkdir -p /run/sshd /run/log; chmod 777 /run/log; echo running >/run/log/state")
	i.put(t, "/run/bin/streamtool", streamtool, "755")
	i.put(t, hostileProgram, streamtool, "755")
	hostKey, host := key(t)
	own, signer := key(t)
	i.put(t, "/run/k/host_key", string(hostKey), "600")
	i.put(t, "/run/k/authorized_keys", string(ssh.MarshalAuthorizedKey(signer.PublicKey())), "644")
	i.put(t, "/run/k/config", "Port 22\nHostKey /run/k/host_key\nAuthorizedKeysFile /run/k/authorized_keys\nPidFile /run/k/pid\nUsePAM no\nPermitRootLogin prohibit-password\nStrictModes no\nLogLevel ERROR\n", "600")
	i.Must(t, "sh", "-c", "/usr/sbin/sshd -f /run/k/config -E /run/k/log || { cat /run/k/log; exit 1; }")
	home := t.TempDir()
	for name, content := range map[string][]byte{"id": own, "known_hosts": []byte(knownhosts.Line([]string{"192.0.2.10"}, host.PublicKey()) + "\n")} {
		if err := os.WriteFile(filepath.Join(home, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := remote.NewPool(remote.Options{
		Home: home, AgentSocket: "none", ConfigFile: "none",
		ReadFile: func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(home, filepath.Base(name))) },
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return lab.Dial(standin.Process{PID: i.PID()})(ctx, network, "127.0.0.1:22")
		},
	})
	t.Cleanup(func() { _ = pool.Close() }) // it never fails

	one := func(list string, o object) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			o["status"] = i.state(r.Context())
			if list == "" {
				_ = json.NewEncoder(w).Encode(o)
				return
			}
			_ = json.NewEncoder(w).Encode(object{list: []object{o}})
		}
	}
	pe := object{"id": "7", "self": "/streams/instances/i/pes/7", "operators": []object{{"name": "Sink"}}}
	jobs := serveText(`{"jobs":[{"id":"3","name":"orders","status":"running","health":"healthy","self":"/streams/instances/i/jobs/3","pes":[{"id":"7","status":"running","operators":[{"name":"Sink"}]}]}]}`)
	n, ca := providertest.NewNetwork(), providertest.NewAuthority(t)
	stop := n.Serve(t, "streams:8443", ca.Certificate(t, "streams", time.Now().Add(time.Hour)), &server{status: "running", more: map[string]http.HandlerFunc{
		"GET /streams/instances/i":                     one("", object{"id": "i", "self": "/streams/instances/i", "health": "healthy"}),
		"GET /streams/instances/i/jobs":                jobs,
		"GET /streams/instances/i/jobs/snapshot":       jobs,
		"GET /streams/instances/i/pes/7":               one("", pe),
		"GET /streams/domains":                         serveText(`{"domains":[{"id":"d"}]}`),
		"GET /streams/domains/d/resources":             one("resources", object{"id": id, "self": "/streams/domains/d/resources/r1", "displayName": "edge1"}),
		"GET /streams/domains/d/resources/r1":          one("", object{"id": id, "self": "/streams/domains/d/resources/r1", "displayName": "edge1"}),
		"POST /streams/instances/i/pes/7/actions":      refuse(t),
		"POST /streams/instances/i/actions":            refuse(t),
		"POST /streams/domains/d/resources/r1/actions": refuse(t),
	}})
	t.Cleanup(stop)
	i.env = providers.Env{
		Run: "20260101T000000Z-abcdefgh", Dial: n.Dial,
		ReadFile: func(string) ([]byte, error) { return ca.CA, nil },
		Secret:   func(string) (string, error) { return "s3cret", nil },
		Targets:  map[string]providers.Target{"dc1": {Name: "dc1", Hosts: []providers.Host{{Name: "edge", Address: "192.0.2.10"}}}},
		Machine: func(p providers.Place) (providers.Machine, error) {
			return pool.Machine(p, providers.Host{Name: "edge", Address: "192.0.2.10", Args: json.RawMessage(`{"user":"root","identity_file":"id","known_hosts":"known_hosts"}`)})
		},
	}
	s, err := newSession(i.env, providers.Target{Name: "dc1"}, json.RawMessage(`{"url":"https://streams:8443","instance":"i","domain":"d","username":"xdc","password":{"secret":"var.p"},"ca_file":"ca.pem"}`))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	track(t, s, "job.orders", "", `{"id":"3","name":"orders"}`)
	i.env.Session = func(string, string) (providers.Session, error) { return s, nil }
	return i
}

// refuse fails the test when an operation comes by the API.
func refuse(t *testing.T) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("the API was asked for %s", r.URL)
		w.WriteHeader(http.StatusNotFound)
	}
}

func TestStreamtoolIsRunOverSSH(t *testing.T) {
	for _, tc := range []struct {
		fault       providers.FaultType
		args, begin string
		id          string
		stop, start []string
	}{
		{peFault(), `"job":"job.orders","operator":"Sink"`, "running", "", []string{"stoppe", "-d", "d", "-i", "i", "7"}, []string{"restartpe", "-d", "d", "-i", "i", "7"}},
		{instanceFault(), `"restore":false`, "running", "", []string{"stopinstance", "-d", "d", "-i", "i"}, []string{"startinstance", "-d", "d", "-i", "i"}},
		{resourceFault(), `"resource":"edge1"`, "RUNNING", hostileID, []string{"quiesceresource", "-d", "d", "-i", "i", hostileID}, []string{"resumeresource", "-d", "d", "-i", "i", hostileID}},
	} {
		for _, program := range []string{"/run/bin/streamtool", hostileProgram} {
			t.Run(tc.fault.Name+" "+program, func(t *testing.T) {
				t.Parallel()
				i := install(t, tc.id)
				i.Must(t, "sh", "-c", "echo "+tc.begin+" >/run/log/state")
				tool, _ := json.Marshal(program)
				d := tc.fault.New(i.env)
				h, err := d.Prepare(t.Context(), providers.StepID{Run: i.env.Run, Step: "fault.x.y"}, json.RawMessage(`{"target":"dc1","via":"streamtool","host":"dc1.edge","streamtool":`+string(tool)+`,`+tc.args+`}`))
				if err != nil {
					t.Fatal(err)
				}
				if len(h.Places) != 1 || h.Places[0].String() != "dc1.edge" {
					t.Errorf("it acts at %v", h.Places)
				}
				if got := i.calls(t); len(got) > 0 {
					t.Errorf("the look has run %q", got)
				}
				// A handle passes through JSON between any two calls.
				raw, _ := json.Marshal(h)
				h = providers.Handle{}
				if err := json.Unmarshal(raw, &h); err != nil {
					t.Fatal(err)
				}
				for _, step := range []struct {
					do     func(context.Context, providers.Handle) error
					look   func(context.Context, providers.Handle) (providers.Effect, error)
					there  bool
					called []string
				}{{d.Inject, d.Verify, true, tc.stop}, {d.Heal, d.VerifyHealed, false, tc.start}, {d.Heal, d.VerifyHealed, false, nil}} {
					if err := step.do(t.Context(), h); err != nil {
						t.Fatal(err)
					}
					if e, err := step.look(t.Context(), h); err != nil || e.InForce != step.there {
						t.Errorf("got %+v, %v", e, err)
					}
					want := ""
					if step.called != nil {
						want = "root\n" + strings.Join(step.called, "\n")
					}
					if got := strings.Join(i.calls(t), "\n=\n"); got != want {
						t.Errorf("streamtool was run as %q, want %q", got, want)
					}
				}
				if i.Command(t.Context(), "test", "-e", "/tmp/owned").Run() == nil {
					t.Error("something else has run")
				}
			})
		}
	}
}

func TestWhatStreamtoolSaysIsSaid(t *testing.T) {
	i := install(t, "r1")
	i.Must(t, "sh", "-c", "echo RUNNING >/run/log/state; touch /run/log/refuse")
	prepare := func(program string) error {
		d := quiesce{i.env}
		h, err := d.Prepare(t.Context(), providers.StepID{Run: i.env.Run, Step: "s"}, json.RawMessage(`{"target":"dc1","resource":"edge1","via":"streamtool","host":"dc1.edge","streamtool":"`+program+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		return d.Inject(t.Context(), h)
	}
	if err := prepare("/run/bin/streamtool"); err == nil || !strings.Contains(err.Error(), "/run/bin/streamtool quiesceresource -d d -i i r1 on dc1.edge ended with status 5: CDISC5121E The session has expired") {
		t.Errorf("got %v", err)
	}
	if err := prepare("/run/none"); err == nil || !strings.Contains(err.Error(), "ended with status 127") {
		t.Errorf("got %v", err)
	}
}

func TestNoNameIsTakenForAnOptionOfStreamtool(t *testing.T) {
	i := install(t, "--help")
	i.Must(t, "sh", "-c", "echo RUNNING >/run/log/state")
	d := quiesce{i.env}
	h, err := d.Prepare(t.Context(), providers.StepID{Run: i.env.Run, Step: "s"}, json.RawMessage(`{"target":"dc1","resource":"edge1","via":"streamtool","host":"dc1.edge","streamtool":"/run/bin/streamtool"}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Inject(t.Context(), h); err == nil || !strings.Contains(err.Error(), "for an option") {
		t.Errorf("got %v", err)
	}
	if got := i.calls(t); len(got) > 0 {
		t.Errorf("it has run %q", got)
	}
}
