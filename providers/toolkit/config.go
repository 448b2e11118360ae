package toolkit

import (
	"slices"
	"strings"
)

// mostConfig bounds a configuration file, in bytes, and its lines.
const (
	mostConfig = 256 << 10
	mostLines  = 5000
)

// concealedKey is the key whose value is a secret.
const concealedKey = "dataSnapshotJdbcPassword"

// setting is a key of the toolkit's configuration (toolkit 1.0.1, the reference's section 4).
type setting struct {
	key    string
	absent string // what holds where the key is not there
	kind   string // text, count, seconds, flag
}

// configKeys are the keys, with the defaults that are built in.
var configKeys = []setting{
	{"localDataCenterName", "dc1", "text"},
	{"crossDCOperationMode", "1", "count"},
	{"crossDCHttpPort", "25091", "count"},
	{"remoteDataCenterApplicationMachineNames", "localhost", "text"},
	{"crossDCInitDelay", "40.00", "seconds"},
	{"heartbeatExchangeInterval", "444444444.00", "seconds"},
	{"consecutiveHeartbeatMissesAllowed", "4", "count"},
	{"dataSnapshotExchangeInterval", "888888888.00", "seconds"},
	{"dataSnapshotStorageDirectory", "", "text"},
	{"dataSnapshotJdbcUrl", "", "text"},
	{"dataSnapshotJdbcUser", "", "text"},
	{concealedKey, "", "text"},
	{"dataSnapshotJdbcDriverLib", "", "text"},
	{"dataSnapshotJdbcClassName", "", "text"},
	{"dataSnapshotTableName", "", "text"},
	{"dataSnapshotPrimaryKeyColumnName", "", "text"},
	{"sendToAllRemoteMachines", "false", "flag"},
	{"alwaysLogHttpErrors", "false", "flag"},
	{"httpConnectionTimeout", "25", "count"},
	{"httpReadTimeout", "100", "count"},
	{"retainOlderDataSnapshotsAtStartup", "false", "flag"},
	{"sendDataSnapshotsToOriginDCAtStartup", "false", "flag"},
}

func settingOf(key string) (setting, bool) {
	i := slices.IndexFunc(configKeys, func(s setting) bool { return s.key == key })
	if i < 0 {
		return setting{}, false
	}
	return configKeys[i], true
}

// configuration is what the toolkit makes of a file, and of the application configuration beneath it.
type configuration struct {
	values map[string]string // of the keys that are given
	odd    []oddLine
	from   string            // what was read, for people: the file, the object, or both
	of     map[string]string // which of the two a key is from, where both were read
}

// oddLine is a line that does not mean what it seems to. Its value is not in it: it may be a password.
type oddLine struct {
	line int // 0: it is a property of the object
	key  string
	why  string // one of the constants
}

// Why a line does not count.
const (
	lineEquals   = "its value has a = in it"
	lineNoValue  = "it has no value"
	lineRepeated = "an earlier line has the same key"
	lineUnknown  = "the toolkit has no such key"
	lineBlanks   = "there are blanks around the ="
	lineNone     = "there is no = in it"
)

// parseConfig reads a configuration file as the toolkit does: blanks around a line are taken off, empty lines and those that
// begin with # are skipped, a line is cut at every =, and counts only when that gives exactly two parts; the first line
// with a key wins. ok is false when the file is too long to be one.
func parseConfig(text string) (c configuration, ok bool) {
	c.values = map[string]string{}
	if len(text) > mostConfig {
		return c, false
	}
	n := 0
	for line := range strings.Lines(text) {
		n++
		if n > mostLines {
			return c, false
		}
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		parts := strings.Split(line, "=")
		key := strings.TrimSpace(parts[0])
		odd := func(why string) { c.odd = append(c.odd, oddLine{n, key, why}) }
		_, known := settingOf(key)
		_, there := c.values[key]
		switch {
		case len(parts) == 1:
			odd(lineNone)
		case !known:
			odd(lineUnknown)
		case len(parts) > 2:
			odd(lineEquals)
		case strings.TrimSpace(parts[1]) == "":
			odd(lineNoValue)
		case there:
			odd(lineRepeated)
		default:
			if key != parts[0] || parts[1] != strings.TrimSpace(parts[1]) {
				odd(lineBlanks)
			}
			c.values[key] = strings.TrimSpace(parts[1])
		}
	}
	return c, true
}

// get is the value of a key, or what is built in.
func (c configuration) get(key string) (value string, given bool) {
	if v, ok := c.values[key]; ok {
		return v, true
	}
	s, _ := settingOf(key)
	return s.absent, false
}

// source is where the value of a key comes from.
func (c configuration) source(key string) string {
	if at := c.of[key]; at != "" {
		return at
	}
	return c.from
}

// machines are the machines of the other side.
func (c configuration) machines() []string {
	v, _ := c.get("remoteDataCenterApplicationMachineNames")
	var out []string
	for m := range strings.SplitSeq(v, ",") {
		if m = strings.TrimSpace(m); m != "" {
			out = append(out, m)
		}
	}
	return out
}
