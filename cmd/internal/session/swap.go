package session

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/inetserver"
	"github.com/xdc-project/xdc/providers/standin"
)

// streamsProvider is the provider whose connections a stand-in replaces. Other connections of a target are left
// out: a stand-in has nothing behind them.
const streamsProvider = "streams"

// standInPrefix begins the names of files and secrets that come from a stand-in.
const standInPrefix = "stand-in:"

// swap returns a copy of the plan whose targets are connected to a stand-in. The plan itself is not changed: its
// addresses, its arguments and its digest stay what was shown.
func swap(p *plan.Plan, s *standin.StandIn) (*plan.Plan, error) {
	out := *p
	out.Targets = nil
	out.Jobs = swapJobs(p.Jobs, s)
	for i, t := range p.Targets {
		c, ok := s.Targets[t.Name]
		if !ok {
			return nil, fmt.Errorf("the stand-in %s has no target %q", s.Dir, t.Name)
		}
		conn := map[string]any{}
		if old := t.Connections[streamsProvider]; old != nil {
			if err := json.Unmarshal(old, &conn); err != nil {
				return nil, fmt.Errorf("connection of %s: %w", t.Name, err)
			}
		}
		for _, k := range []string{
			"password_file", "password_command", "server_name", "insecure", "domain", "openapi", "operation", "token", "token_file", "token_command", "client_certificate", "client_key",
			"proxy", "no_proxy", "proxy_username", "proxy_password", "proxy_password_file", "proxy_password_command",
		} {
			delete(conn, k)
		}
		conn["url"], conn["instance"], conn["username"] = c.URL, c.Instance, c.Username
		conn["password"] = map[string]string{"secret": standInPrefix + t.Name}
		conn["ca_file"] = standInPrefix + c.CAFile
		raw, err := json.Marshal(conn)
		if err != nil {
			return nil, err
		}
		kept := map[string]json.RawMessage{}
		if t.Connections[streamsProvider] != nil { // a plan without a platform sees none
			kept[streamsProvider] = raw
		}
		if d := t.Connections["data_exchange"]; d != nil {
			kept["data_exchange"] = withoutURL(d)
		}
		if t.Connections[inetserver.Name] != nil && c.Inet != "" {
			if kept[inetserver.Name], err = json.Marshal(map[string]any{"url": c.Inet, "discover": inetserver.Discovers(t.Connections[inetserver.Name])}); err != nil {
				return nil, err
			}
		}
		t.Connections = kept
		if c.Hosts == nil {
			t.Hosts = addressed(i, t)
		} else if t.Hosts, err = swapHosts(t.Hosts, c.Hosts); err != nil {
			return nil, fmt.Errorf("the stand-in %s, target %s: %w", s.Dir, t.Name, err)
		}
		out.Targets = append(out.Targets, t)
	}
	return &out, nil
}

// swapJobs has the configurations of the toolkits not looked for on the machines of a lab: there are none. Snapshots are there.
func swapJobs(jobs []providers.JobInfo, s *standin.StandIn) []providers.JobInfo {
	out := slices.Clone(jobs)
	for i, j := range out {
		if j.Toolkit != nil && s.Targets[j.Target].Hosts != nil {
			k := *j.Toolkit
			k.ConfigFile = ""
			out[i].Toolkit = &k
		}
	}
	return out
}

// swapHosts connects hosts to the machines of a lab.
func swapHosts(hosts []providers.Host, there map[string]standin.Host) ([]providers.Host, error) {
	out := slices.Clone(hosts)
	for i := range out {
		h, ok := there[out[i].Name]
		if !ok {
			return nil, fmt.Errorf("there is no host %q: the plan has changed since the lab was brought up", out[i].Name)
		}
		args, err := json.Marshal(map[string]any{
			"port": h.Port, "user": h.User, "identity_file": standInPrefix + h.IdentityFile, "known_hosts": standInPrefix + h.KnownHosts,
		})
		if err != nil {
			return nil, err
		}
		out[i].Address, out[i].Args = h.Address, args
	}
	return out, nil
}

// withoutURL takes out what names a real place: a stand-in is found by discovery.
func withoutURL(raw json.RawMessage) json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return json.RawMessage("{}")
	}
	delete(m, "url")
	b, err := json.Marshal(m)
	if err != nil {
		return json.RawMessage("{}")
	}
	return b
}

// standInFiles answers for the files that only a stand-in has, and for bundles, which it does not open: it gets
// the name of the application to run in place of one.
type standInFiles struct {
	files   map[string][]byte // by name, for a twin in this process
	stand   *standin.StandIn
	bundles map[string][]byte
	next    func(name string) ([]byte, error)
}

func (f standInFiles) read(name string) ([]byte, error) {
	if b, ok := f.bundles[name]; ok {
		return b, nil
	}
	if len(name) > len(standInPrefix) && name[:len(standInPrefix)] == standInPrefix {
		rest := name[len(standInPrefix):]
		if b, ok := f.files[rest]; ok {
			return b, nil
		}
		return os.ReadFile(f.stand.Path(rest))
	}
	return f.next(name)
}

// bundlesOf makes what is uploaded in place of each bundle: a few words that tell the twin which job it is.
func bundlesOf(p *plan.Plan) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, st := range p.Steps {
		if st.Job == nil || st.Job.Bundle == "" {
			continue
		}
		b, err := json.Marshal(map[string]string{"xdc_twin_application": application(st.Job.Twin), "job": st.Job.Path})
		if err != nil {
			return nil, err
		}
		out[st.Job.Bundle] = b
	}
	return out, nil
}

func application(name string) string {
	if name == "" {
		return "keyed_counter"
	}
	return name
}

// readPlanFile reads a file that the plan names, relative to the plan's folder.
func readPlanFile(folder string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if rest, ok := cutHome(name); ok {
			home, err := os.UserHomeDir()
			if err != nil {
				return nil, err
			}
			name = filepath.Join(home, rest)
		}
		if !filepath.IsAbs(name) {
			name = filepath.Join(folder, name)
		}
		return os.ReadFile(name)
	}
}

func cutHome(name string) (string, bool) {
	if len(name) > 2 && name[0] == '~' && (name[1] == '/' || name[1] == filepath.Separator) {
		return name[2:], true
	}
	return name, false
}

// secretsOf answers for slots: first a stand-in's own, then the plan's.
func secretsOf(own map[string]string, p *plan.Plan) func(string) (string, error) {
	own = maps.Clone(own)
	return func(slot string) (string, error) {
		if v, ok := own[slot]; ok {
			return v, nil
		}
		if p.Program != nil {
			if v, ok := p.Program.Secrets.Get(slot); ok {
				return v, nil
			}
		}
		return "", &MissingSecretError{Slot: slot}
	}
}

// MissingSecretError says which secret was not given.
type MissingSecretError struct{ Slot string }

func (e *MissingSecretError) Error() string {
	name := e.Slot
	if len(name) > 4 && name[:4] == "var." {
		name = name[4:]
		return fmt.Sprintf("the variable %q has no value: give it with --var %s=..., --var-file or XDC_VAR_%s", name, name, name)
	}
	return fmt.Sprintf("the secret %s has no value", e.Slot)
}
