package toolkit

import (
	"context"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

func TestAConfigurationIsReadAsTheToolkitDoes(t *testing.T) {
	c, ok := parseConfig("  # heartbeatExchangeInterval=1\n\n\t localDataCenterName=dc7 \nlocalDataCenterName=dc8\nnonsense=1\ndataSnapshotJdbcUrl=jdbc:db2://h:1/x:a=b;\n" +
		"crossDCHttpPort=\njust words\nhttpReadTimeout = 7\n#=\n==\n")
	want := map[string]string{"localDataCenterName": "dc7", "httpReadTimeout": "7"}
	if diff := cmp.Diff(want, c.values); !ok || diff != "" {
		t.Error(diff)
	}
	odd := []oddLine{
		{4, "localDataCenterName", lineRepeated},
		{5, "nonsense", lineUnknown},
		{6, "dataSnapshotJdbcUrl", lineEquals},
		{7, "crossDCHttpPort", lineNoValue},
		{8, "just words", lineNone},
		{9, "httpReadTimeout", lineBlanks},
		{11, "", lineUnknown},
	}
	if diff := cmp.Diff(odd, c.odd, cmp.AllowUnexported(oddLine{})); diff != "" {
		t.Error(diff)
	}
	if v, given := c.get("heartbeatExchangeInterval"); v != "444444444.00" || given {
		t.Errorf("what is built in: %s, %v", v, given)
	}
	for _, long := range []string{strings.Repeat("x", mostConfig+1), strings.Repeat("\n", mostLines+1)} {
		if _, ok := parseConfig(long); ok {
			t.Error("a file of any length is a configuration")
		}
	}
}

// What is written for stand-ins is read back as it was.
func TestAWrittenConfigurationSaysTheSame(t *testing.T) {
	for _, k := range []providers.Toolkit{
		{Mode: roleActive, InitDelay: value.Duration(40 * time.Second)},
		{
			HeartbeatInterval: value.Duration(1500 * time.Millisecond), MissesAllowed: 7, SnapshotInterval: value.Duration(3 * time.Second), Port: 4000, Mode: rolePassive,
			SnapshotDirectory: "/a", RetainSnapshots: true, ReturnSnapshots: true, SendToAll: true, LogHTTPErrors: true,
			ConnectTimeout: value.Duration(5 * time.Second), ReadTimeout: value.Duration(6 * time.Second),
		},
	} {
		c, ok := parseConfig(string(File(k, "dc1", []string{"a", "b"})))
		if !ok || len(c.odd) > 0 {
			t.Errorf("%+v", c.odd)
		}
		got := configure(c)
		if d := got.against(&k); len(d) > 0 || len(got.bad) > 0 || got.name != "dc1" || cmp.Diff(got.machines(), []string{"a", "b"}) != "" {
			t.Errorf("%+v, %v, %v", d, got.bad, got.machines())
		}
	}
}

func FuzzConfig(f *testing.F) {
	f.Add("localDataCenterName=dc1\nheartbeatExchangeInterval=30.0\n# x\na==b\n")
	f.Add("consecutiveHeartbeatMissesAllowed=999999999999999999999\nheartbeatExchangeInterval=NaN\ncrossDCInitDelay=Inf")
	f.Fuzz(func(t *testing.T, text string) {
		c, ok := parseConfig(text)
		if !ok {
			return
		}
		got := configure(c)
		if got.HeartbeatInterval < 0 || got.MissesAllowed < 0 || got.MissesAllowed > 255 || got.Port < 0 || got.Port > 65535 {
			t.Errorf("%+v", got)
		}
		r := &report{}
		r.alone(got, &providers.Toolkit{ConfigFile: "/f"})
		r.together("dc1", got, "dc2", got)
		r.covers(providers.Target{Hosts: []providers.Host{{Name: "h", Address: "10.0.0.1"}}}, got.machines())
	})
}

// shelf is a host with a few files.
type shelf struct {
	providers.Volumes
	files map[string]string
}

func (s shelf) Read(_ context.Context, name string, limit int) ([]byte, error) {
	text, ok := s.files[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return []byte(text[:min(len(text), limit)]), nil
}

const good = "localDataCenterName=NAME\nhttpConnectionTimeout=10\nheartbeatExchangeInterval=30\nconsecutiveHeartbeatMissesAllowed=4\ndataSnapshotExchangeInterval=180\ncrossDCInitDelay=40\n" +
	"dataSnapshotStorageDirectory=/s\nremoteDataCenterApplicationMachineNames=OTHER\n"

// Each of the reference's traps and checks is found.
func TestPreflightFindsWhatIsMisconfigured(t *testing.T) {
	with := func(lines ...string) func(string) string {
		return func(text string) string {
			for _, l := range lines {
				key, _, _ := strings.Cut(l, "=")
				var kept []string
				for line := range strings.Lines(text) {
					if !strings.HasPrefix(line, key+"=") {
						kept = append(kept, line)
					}
				}
				text = strings.Join(kept, "")
				if !strings.HasSuffix(l, "=-") {
					text += l + "\n"
				}
			}
			return text
		}
	}
	for _, tc := range []struct {
		name string
		edit func(string) string // of dc1
		both func(string) string
		want string // of a finding that is in the way; with ~ in front, of one that is not
	}{
		{name: "nothing", want: "~/c says what the plan does"},
		{name: "failover off by default", both: with("heartbeatExchangeInterval=-"), want: "failover is off: /c has no heartbeatExchangeInterval"},
		{name: "failover off", both: with("heartbeatExchangeInterval=444444444"), want: "failover is off: heartbeatExchangeInterval is"},
		{name: "too many misses", both: with("consecutiveHeartbeatMissesAllowed=255"), want: "failover is off: consecutiveHeartbeatMissesAllowed is 255"},
		{name: "= in a value", edit: with("dataSnapshotJdbcPassword=a=b"), want: `"dataSnapshotJdbcPassword" does not count, because its value has a = in it`},
		{name: "no number", edit: with("crossDCHttpPort=many"), want: "the value of crossDCHttpPort in /c cannot be read"},
		{name: "no truth", edit: with("sendToAllRemoteMachines=yes"), want: "the value of sendToAllRemoteMachines in /c cannot be read"},
		{name: "unequal H", edit: with("heartbeatExchangeInterval=20"), want: "heartbeatExchangeInterval is 20s at dc1 and 30s at dc2"},
		{name: "unequal M", edit: with("consecutiveHeartbeatMissesAllowed=5"), want: "consecutiveHeartbeatMissesAllowed is 5 at dc1 and 4 at dc2"},
		{name: "unequal ports", edit: with("crossDCHttpPort=25001"), want: "crossDCHttpPort is 25001 at dc1 and 25091 at dc2"},
		{name: "S no multiple of H", both: with("dataSnapshotExchangeInterval=100"), want: "~is no multiple of heartbeatExchangeInterval (30s): snapshots come every 4m30s"},
		{name: "S below a second", both: with("dataSnapshotExchangeInterval=0.5"), want: "the toolkit divides by its whole seconds"},
		{name: "no S", both: with("dataSnapshotExchangeInterval=-"), want: "~no state is replicated: /c has no dataSnapshotExchangeInterval"},
		{name: "one name", edit: with("localDataCenterName=dc2"), want: `both sides call themselves "dc2"`},
		{name: "nowhere to go", edit: with("dataSnapshotStorageDirectory=-"), want: "the other side's state has nowhere to go"},
		{name: "no machines", edit: with("remoteDataCenterApplicationMachineNames=-"), want: "heartbeats go to localhost"},
		{name: "a machine left out", edit: with("remoteDataCenterApplicationMachineNames=10.0.2.10"), want: "~leaves out these hosts of dc2: b (10.0.2.11)"},
		{name: "many machines", both: with("remoteDataCenterApplicationMachineNames=a,b", "httpConnectionTimeout=25"), want: "~2 machines with 25s each take longer than a heartbeat interval (30s)"},
		{name: "both passive", both: with("crossDCOperationMode=0"), want: "both sides are passive: nothing would ever run"},
		{name: "another M than the plan", both: with("consecutiveHeartbeatMissesAllowed=9"), want: "misses_allowed is 4 in the plan, and consecutiveHeartbeatMissesAllowed is 9 in /c"},
		{name: "another folder than the plan", both: with("dataSnapshotStorageDirectory=/t"), want: `snapshot_directory is "/s" in the plan, and dataSnapshotStorageDirectory is "/t" in /c`},
		{name: "a slip of the pen", edit: with("hearbeatExchangeInterval=30"), want: `~"hearbeatExchangeInterval": the toolkit has no such key`},
		{name: "no file", edit: func(string) string { return "" }, want: "failover is off: /c has no heartbeatExchangeInterval"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			shelves := map[string]shelf{}
			env := providers.Env{Targets: map[string]providers.Target{}}
			for i, name := range []string{"dc1", "dc2"} {
				other := []string{"10.0.2.10,10.0.2.11", "10.0.1.10"}[i]
				text := strings.NewReplacer("NAME", name, "OTHER", other).Replace(good)
				if tc.both != nil {
					text = tc.both(text)
				}
				if tc.edit != nil && i == 0 {
					text = tc.edit(text)
				}
				shelves[name] = shelf{files: map[string]string{"/c": text}}
				env.Jobs = append(env.Jobs, providers.JobInfo{Target: name, Path: "job.orders", Adopt: "orders", Toolkit: &providers.Toolkit{
					HeartbeatInterval: value.Duration(30 * time.Second), MissesAllowed: 4, SnapshotDirectory: "/s", Mode: roleActive, Host: "a", ConfigFile: "/c",
				}})
			}
			env.Targets["dc1"] = providers.Target{Name: "dc1", Hosts: []providers.Host{{Name: "a", Address: "10.0.1.10"}}}
			env.Targets["dc2"] = providers.Target{Name: "dc2", Hosts: []providers.Host{{Name: "a", Address: "10.0.2.10"}, {Name: "b", Address: "10.0.2.11"}}}
			env.Volumes = func(p providers.Place) (providers.Volumes, error) { return shelves[p.Target], nil }
			s := &session{env: env, target: env.Targets["dc1"]}
			want, ok := strings.CutPrefix(tc.want, "~")
			hit := false
			var said []string
			for _, f := range s.Check(t.Context()) {
				said = append(said, f.Text)
				hit = hit || f.OK == ok && strings.Contains(f.Text, want)
				if !f.OK && (f.Remedy == "" || f.Subject != "dc1 job.orders toolkit") {
					t.Errorf("no way out of %+v", f)
				}
				if ok && !f.OK {
					t.Errorf("in the way: %s", f.Text)
				}
			}
			if !hit {
				t.Errorf("%q is not among\n%s", tc.want, strings.Join(said, "\n"))
			}
		})
	}
}
