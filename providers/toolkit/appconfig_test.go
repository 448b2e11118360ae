package toolkit

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

// platform is an instance with application configurations.
type platform struct {
	providers.Session
	kept map[string]map[string]string
	err  error
}

func (p platform) ApplicationConfiguration(_ context.Context, name string) (map[string]string, bool, error) {
	got, ok := p.kept[name]
	return got, ok, p.err
}

const composite = "com.example::Orders"

// The object is read beneath the file, or alone.
func TestPreflightReadsTheApplicationConfiguration(t *testing.T) {
	object := func(k providers.Toolkit, name string, change map[string]string) map[string]string {
		k.MainComposite = composite
		_, out := Object(k, name, []string{"10.0.9.9"})
		for key, v := range change {
			out[composite+"_"+key] = v
			if v == "-" {
				delete(out, composite+"_"+key)
			}
		}
		return out
	}
	for _, tc := range []struct {
		name   string
		file   string            // of both sides; empty: the plan names none
		change map[string]string // of the object of both sides; "-" takes a key out
		kept   map[string]string // the whole object instead
		none   bool              // there is no such object
		err    error
		pairs  int // of dc2; dc1 has one
		want   []string
		not    string
	}{
		{name: "it alone", want: []string{"ok CrossDCFailover says what the plan does: a heartbeat every 30s, 4 may be missed"}},
		{name: "a = in a value counts there", change: map[string]string{"dataSnapshotJdbcUrl": "jdbc:db2://h:50000/d:user=x;"}, want: []string{"ok CrossDCFailover says"}},
		{name: "failover off", change: map[string]string{"heartbeatExchangeInterval": "-"}, want: []string{"FAIL failover is off: CrossDCFailover has no heartbeatExchangeInterval"}},
		{name: "no number", change: map[string]string{"crossDCHttpPort": " 25091"}, want: []string{"FAIL the value of crossDCHttpPort in CrossDCFailover cannot be read"}},
		{name: "another M", change: map[string]string{"consecutiveHeartbeatMissesAllowed": "9"}, want: []string{"FAIL misses_allowed is 4 in the plan, and consecutiveHeartbeatMissesAllowed is 9 in CrossDCFailover"}},
		{name: "a slip of the pen", change: map[string]string{"hearbeatExchangeInterval": "30"}, want: []string{`ok CrossDCFailover: "hearbeatExchangeInterval": the toolkit has no such key`}},
		{name: "beneath a file", file: "httpReadTimeout=100\n", want: []string{"ok /c over CrossDCFailover says what the plan does"}},
		{name: "the file wins", file: "heartbeatExchangeInterval=20\n", want: []string{"FAIL heartbeat_interval is 30s in the plan, and heartbeatExchangeInterval is 20s in /c"}, not: "is off"},
		{
			name: "the file wins only where it counts", file: "heartbeatExchangeInterval=20=\nconsecutiveHeartbeatMissesAllowed=3\n", change: map[string]string{"dataSnapshotExchangeInterval": "90"},
			want: []string{"FAIL line 1: \"heartbeatExchangeInterval\" does not count", "FAIL misses_allowed is 4 in the plan, and consecutiveHeartbeatMissesAllowed is 3 in /c", "FAIL snapshot_interval is 3m in the plan, and dataSnapshotExchangeInterval is 1m30s in CrossDCFailover"},
		},
		{name: "a file and no object", file: "heartbeatExchangeInterval=30\n", none: true, want: []string{"ok the instance has no application configuration CrossDCFailover: what the file does not say is as it is built in"}},
		{name: "neither", none: true, want: []string{"FAIL failover is off: the instance has no application configuration CrossDCFailover, and the built-in heartbeat interval is 14 years"}},
		{
			name: "of another", kept: map[string]string{"com.other::B_heartbeatExchangeInterval": "30", "a_b::A_crossDCHttpPort": "1", "x_y": "1", "com.example::Orders": "1"},
			want: []string{`FAIL failover is off: CrossDCFailover has nothing that begins with com.example::Orders_; there are keys of "a_b::A", "com.other::B", and the built-in`},
		},
		{name: "refused", err: errors.New("no authority"), want: []string{"FAIL read the application configuration CrossDCFailover: no authority"}},
		{name: "unequal pairs", pairs: 3, want: []string{"FAIL numberOfHttpSenderReceiverPairs (pairs) is 1 at dc1 and 3 at dc2"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			env := providers.Env{Targets: map[string]providers.Target{"dc1": {Name: "dc1"}, "dc2": {Name: "dc2"}}}
			sessions := map[string]platform{}
			for _, name := range []string{"dc1", "dc2"} {
				k := providers.Toolkit{
					HeartbeatInterval: value.Duration(30 * time.Second), SnapshotInterval: value.Duration(180 * time.Second), MissesAllowed: 4, SnapshotDirectory: "/s", Mode: roleActive,
					InitDelay: value.Duration(40 * time.Second), ConnectTimeout: value.Duration(25 * time.Second), MainComposite: composite,
				}
				kept := object(k, name, tc.change)
				if tc.kept != nil {
					kept = maps.Clone(tc.kept)
				}
				sessions[name] = platform{kept: map[string]map[string]string{appConfig: kept}, err: tc.err}
				if tc.none {
					delete(sessions[name].kept, appConfig)
				}
				if tc.file != "" {
					k.Host, k.ConfigFile = "a", "/c"
				}
				if name == "dc2" {
					k.Pairs = tc.pairs
				}
				env.Jobs = append(env.Jobs, providers.JobInfo{Target: name, Path: "job.orders", Adopt: "orders", Toolkit: &k})
			}
			env.Volumes = func(providers.Place) (providers.Volumes, error) {
				return shelf{files: map[string]string{"/c": tc.file}}, nil
			}
			env.Session = func(target, _ string) (providers.Session, error) { return sessions[target], nil }
			var said []string
			for _, f := range (&session{env: env, target: env.Targets["dc1"]}).Check(t.Context()) {
				said = append(said, map[bool]string{true: "ok ", false: "FAIL "}[f.OK]+f.Text)
				if !f.OK && f.Remedy == "" {
					t.Errorf("no way out of %+v", f)
				}
			}
			all := strings.Join(said, "\n")
			for _, want := range tc.want {
				if !strings.Contains(all, want) {
					t.Errorf("%q is not among\n%s", want, all)
				}
			}
			if tc.not != "" && strings.Contains(all, tc.not) {
				t.Errorf("%q is among\n%s", tc.not, all)
			}
		})
	}
}

// The password of a database reaches no finding, and the redactor knows it.
func TestThePasswordInAnApplicationConfigurationIsASecret(t *testing.T) {
	var concealed []string
	kept := map[string]string{composite + "_" + concealedKey: "s3cret", composite + "_heartbeatExchangeInterval": "bad"}
	s := &session{target: providers.Target{Name: "dc1"}, env: providers.Env{
		Conceal: func(x string) { concealed = append(concealed, x) },
		Session: func(string, string) (providers.Session, error) {
			return platform{kept: map[string]map[string]string{appConfig: kept}}, nil
		},
		Jobs: []providers.JobInfo{{Target: "dc1", Path: "job.orders", Toolkit: &providers.Toolkit{MainComposite: composite}}},
	}}
	found := s.Check(t.Context())
	if len(found) == 0 || len(concealed) == 0 || concealed[0] != "s3cret" {
		t.Errorf("%+v, concealed %q", found, concealed)
	}
	for _, f := range found {
		if strings.Contains(f.Text+f.Remedy, "s3cret") {
			t.Errorf("%+v", f)
		}
	}
}

func FuzzApplicationConfiguration(f *testing.F) {
	f.Add("com.example::Orders_heartbeatExchangeInterval", "30", "crossDCHttpPort=25091")
	f.Add("_crossDCHttpPort", "", "")
	f.Fuzz(func(t *testing.T, name, v, file string) {
		all := map[string]string{name: v, composite + "_localDataCenterName": "dc1"}
		over, ok := parseConfig(file)
		if !ok {
			return
		}
		over.from = "/c"
		c := configure(over.over(pick(all, composite)))
		r := &report{}
		r.alone(c, &providers.Toolkit{MainComposite: composite})
		if n := len(composites(all)); n > mostOthers {
			t.Errorf("%d others", n)
		}
		for key, want := range over.values {
			if c.values[key] != want || c.source(key) != "/c" {
				t.Errorf("%s is %q from %s", key, c.values[key], c.source(key))
			}
		}
	})
}
