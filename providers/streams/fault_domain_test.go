package streams

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/shell"
)

// theDomain is a domain of a twin.
type theDomain struct {
	running bool
	err     error
	set     int
}

func (d *theDomain) Set(_ context.Context, running bool) error {
	d.running = running
	d.set++
	return nil
}
func (d *theDomain) Running(context.Context) (bool, error) { return d.running, d.err }

// toolbox is a host on which streamtool ends as it is told to.
type toolbox struct {
	exit int
	ran  []string
}

func (b *toolbox) Run(_ context.Context, s shell.Script) (shell.Output, error) {
	if strings.HasPrefix(s.Name, "look for") {
		return shell.Output{}, nil
	}
	b.ran = append(b.ran, s.Name)
	return shell.Output{Exit: b.exit, Stderr: "CDISA0000E No."}, nil
}
func (*toolbox) Facts(context.Context) (providers.Facts, error) { return providers.Facts{}, nil }

// An API that cannot be reached is no domain that is stopped.
func TestADomainWhoseAPIIsOutOfReachIsNotTakenForStopped(t *testing.T) {
	for _, tc := range []struct {
		name   string
		domain *theDomain
		tool   *toolbox
		want   []string // of the error; none: there is none
	}{
		{"the twin's is stopped", &theDomain{}, nil, nil},
		{"the twin's runs", &theDomain{running: true}, nil, []string{"it runs, and the management API of dc1 does not answer", "run again"}},
		{"the twin says nothing", &theDomain{err: errors.New("no answer from the twin")}, nil, []string{"cannot be told", "no answer from the twin", "lsdomain"}},
		{"streamtool stops it", nil, &toolbox{}, nil},
		{"streamtool does not", nil, &toolbox{exit: 3}, []string{"cannot be told", "does not answer", "ended with status 3: CDISA0000E No.", "lsdomain"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srv := &server{status: "running"}
			on(t, srv, func(t *testing.T, env providers.Env, _ *Session) {
				cut, dial := false, env.Dial
				env.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
					if cut {
						return nil, syscall.EHOSTUNREACH
					}
					return dial(ctx, network, address)
				}
				s, err := newSession(env, providers.Target{Name: "dc1"}, json.RawMessage(`{"url":"https://streams:8443","instance":"i","username":"xdc","password":{"secret":"var.p"},"ca_file":"ca.pem"}`))
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				env.Session = func(string, string) (providers.Session, error) { return s, nil }
				if tc.domain != nil {
					env.Domain = func(string) (providers.Domain, error) { return tc.domain, nil }
				} else {
					env.Machine = func(providers.Place) (providers.Machine, error) { return tc.tool, nil }
				}
				d := stopTheDomain{env}
				h, err := d.Prepare(t.Context(), providers.StepID{Run: env.Run, Step: "fault.streams_domain.x"}, json.RawMessage(`{"target":"dc1","host":"dc1.edge"}`))
				if err != nil {
					t.Fatal(err)
				}
				_ = s.pool.Close() // connections that are kept
				cut = true
				err = d.Inject(t.Context(), h)
				if len(tc.want) == 0 && err != nil {
					t.Errorf("it says %v", err)
				}
				for _, words := range tc.want {
					if err == nil || !strings.Contains(err.Error(), words) {
						t.Errorf("it says %v, want %q", err, words)
					}
				}
				if tc.domain != nil && tc.domain.set > 0 || tc.tool != nil && len(tc.tool.ran) != 1 {
					t.Errorf("something else was done: %+v %+v", tc.domain, tc.tool)
				}
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				if err := d.Inject(ctx, h); !errors.Is(err, context.Canceled) {
					t.Errorf("of one that was given up it says %v", err)
				}
			})
		})
	}
}
