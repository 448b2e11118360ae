package toolkit

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

// never is from which interval on nothing is ever exchanged as far as a drill is concerned; the built-in default is 14
// years.
const never = 24 * time.Hour

// configured is what is configured, and what of it cannot be read.
type configured struct {
	configuration
	providers.Toolkit
	name string
	bad  []string // keys whose values cannot be read
}

// configure reads the values.
func configure(c configuration) configured {
	out := configured{configuration: c}
	seconds := func(key string) value.Duration {
		v, _ := c.get(key)
		f, err := strconv.ParseFloat(v, 64)
		if err != nil || f != f || f < 0 || f > 1e9 {
			out.bad = append(out.bad, key)
			return 0
		}
		return value.Duration(f * float64(time.Second))
	}
	count := func(key string, most int) int {
		v, _ := c.get(key)
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || n > most {
			out.bad = append(out.bad, key)
			return 0
		}
		return n
	}
	flag := func(key string) bool {
		v, _ := c.get(key)
		if v != "true" && v != "false" {
			out.bad = append(out.bad, key)
		}
		return v == "true"
	}
	out.name, _ = c.get("localDataCenterName")
	out.HeartbeatInterval, out.SnapshotInterval, out.InitDelay = seconds("heartbeatExchangeInterval"), seconds("dataSnapshotExchangeInterval"), seconds("crossDCInitDelay")
	out.MissesAllowed, out.Port = count("consecutiveHeartbeatMissesAllowed", 255), count("crossDCHttpPort", 65535)
	out.ConnectTimeout = value.Duration(count("httpConnectionTimeout", 1<<30)) * value.Duration(time.Second)
	out.ReadTimeout = value.Duration(count("httpReadTimeout", 1<<30)) * value.Duration(time.Second)
	out.Mode = roleActive
	if count("crossDCOperationMode", 1) == 0 {
		out.Mode = rolePassive
	}
	out.SnapshotDirectory, _ = c.get("dataSnapshotStorageDirectory")
	out.RetainSnapshots, out.ReturnSnapshots = flag("retainOlderDataSnapshotsAtStartup"), flag("sendDataSnapshotsToOriginDCAtStartup")
	out.SendToAll, out.LogHTTPErrors = flag("sendToAllRemoteMachines"), flag("alwaysLogHttpErrors")
	return out
}

// database reports whether snapshots go into a database.
func (c configured) database() bool { _, given := c.get("dataSnapshotJdbcUrl"); return given }

// difference is a setting of which the plan says something else than the file.
type difference struct{ attr, key, plan, file, source string }

// against compares what the plan states with the file. What the plan leaves out is not compared.
func (c configured) against(k *providers.Toolkit) []difference {
	var out []difference
	differ := func(attr, key string, differs bool, plan, file any) {
		if differs {
			out = append(out, difference{attr, key, fmt.Sprint(plan), fmt.Sprint(file), c.source(key)})
		}
	}
	duration := func(attr, key string, plan, file value.Duration) {
		differ(attr, key, plan != 0 && plan != file, plan, file)
	}
	duration("heartbeat_interval", "heartbeatExchangeInterval", k.HeartbeatInterval, c.HeartbeatInterval)
	duration("snapshot_interval", "dataSnapshotExchangeInterval", k.SnapshotInterval, c.SnapshotInterval)
	duration("init_delay", "crossDCInitDelay", k.InitDelay, c.InitDelay)
	duration("connect_timeout", "httpConnectionTimeout", k.ConnectTimeout, c.ConnectTimeout)
	duration("read_timeout", "httpReadTimeout", k.ReadTimeout, c.ReadTimeout)
	differ("misses_allowed", "consecutiveHeartbeatMissesAllowed", k.MissesAllowed != c.MissesAllowed, k.MissesAllowed, c.MissesAllowed)
	differ("port", "crossDCHttpPort", port(k) != c.Port, port(k), c.Port)
	differ("mode", "crossDCOperationMode", k.Mode != "" && k.Mode != c.Mode, k.Mode, c.Mode)
	clean := func(p string) string { return strings.TrimRight(p, "/") }
	differ("snapshot_directory", "dataSnapshotStorageDirectory", k.SnapshotDirectory != "" && clean(k.SnapshotDirectory) != clean(c.SnapshotDirectory), strconv.Quote(k.SnapshotDirectory), strconv.Quote(c.SnapshotDirectory))
	differ("retain_snapshots", "retainOlderDataSnapshotsAtStartup", k.RetainSnapshots != c.RetainSnapshots, k.RetainSnapshots, c.RetainSnapshots)
	differ("return_snapshots", "sendDataSnapshotsToOriginDCAtStartup", k.ReturnSnapshots != c.ReturnSnapshots, k.ReturnSnapshots, c.ReturnSnapshots)
	differ("send_to_all", "sendToAllRemoteMachines", k.SendToAll != c.SendToAll, k.SendToAll, c.SendToAll)
	differ("log_http_errors", "alwaysLogHttpErrors", k.LogHTTPErrors != c.LogHTTPErrors, k.LogHTTPErrors, c.LogHTTPErrors)
	return out
}

// File writes a configuration as a file of the toolkit, for stand-ins: what the plan says, and for the rest what the
// toolkit has built in.
func File(k providers.Toolkit, name string, machines []string) []byte {
	var b strings.Builder
	b.WriteString("# The configuration of the cross data center failover toolkit, as the plan states it.\n")
	for _, l := range lines(k, name, machines) {
		fmt.Fprintf(&b, "%s=%s\n", l.key, l.value)
	}
	return []byte(b.String())
}

// Object is the same as an application configuration of an instance: its name, and its properties.
func Object(k providers.Toolkit, name string, machines []string) (string, map[string]string) {
	properties := map[string]string{}
	for _, l := range lines(k, name, machines) {
		properties[k.MainComposite+"_"+l.key] = l.value
	}
	return appConfig, properties
}

// stated is a key and its value.
type stated struct{ key, value string }

// lines are what the plan states, in the order of the toolkit's own template.
func lines(k providers.Toolkit, name string, machines []string) []stated {
	var out []stated
	line := func(key string, v any) { out = append(out, stated{key, fmt.Sprint(v)}) }
	sec := func(d value.Duration) string { return strconv.FormatFloat(d.D().Seconds(), 'f', -1, 64) }
	line("localDataCenterName", name)
	mode := 1
	if k.Mode == rolePassive {
		mode = 0
	}
	line("crossDCOperationMode", mode)
	line("crossDCHttpPort", port(&k))
	line("remoteDataCenterApplicationMachineNames", strings.Join(machines, ","))
	line("crossDCInitDelay", sec(k.InitDelay))
	if k.HeartbeatInterval > 0 {
		line("heartbeatExchangeInterval", sec(k.HeartbeatInterval))
	}
	line("consecutiveHeartbeatMissesAllowed", k.MissesAllowed)
	if k.SnapshotInterval > 0 {
		line("dataSnapshotExchangeInterval", sec(k.SnapshotInterval))
	}
	if k.SnapshotDirectory != "" {
		line("dataSnapshotStorageDirectory", k.SnapshotDirectory)
	}
	line("sendToAllRemoteMachines", k.SendToAll)
	line("alwaysLogHttpErrors", k.LogHTTPErrors)
	for _, t := range []struct {
		key string
		d   value.Duration
	}{{"httpConnectionTimeout", k.ConnectTimeout}, {"httpReadTimeout", k.ReadTimeout}} {
		if t.d > 0 {
			line(t.key, int64(t.d.D()/time.Second))
		}
	}
	line("retainOlderDataSnapshotsAtStartup", k.RetainSnapshots)
	line("sendDataSnapshotsToOriginDCAtStartup", k.ReturnSnapshots)
	return out
}
