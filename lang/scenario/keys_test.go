package scenario_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/scenario"
	"github.com/xdc-project/xdc/lang/schema"
)

// key is a key of the framework's files with a value that is not its default. with are keys that have to be there
// for it to mean anything.
type key struct {
	path, value string
	with        []string // "PATH: VALUE"
}

const (
	partition = "fault_scenario.type: network_partition"
	api       = "fault_scenario.type: api_initiated"
	hang      = "fault_scenario.type: process_hang"
	exhaust   = "fault_scenario.type: resource_exhaustion"
	data      = "pre_failover_data.event_count: 100"
)

// scenarioKeys are the rows of the framework's scenario format.
var scenarioKeys = []key{
	{"test_id", "other_name", nil},
	{"description", "In other words.", nil},
	{"streams_application_sab", "other.sab", nil},
	{"submission_params.anything", "5", nil},
	{"submission_params.instance_id", "streams9", nil},
	{"submission_params.job_name", "other", nil},
	{"submission_params.jobName", "other", nil},
	{"pre_failover_data.generator_type", "file", []string{data, "pre_failover_data.input_file: f.jsonl"}},
	{"pre_failover_data.event_count", "77", nil},
	{"pre_failover_data.data_size_bytes", "4096", []string{data}},
	{"pre_failover_data.input_file", "g.csv", []string{data, "pre_failover_data.generator_type: file"}},
	{"pre_failover_data.data_format", "csv", []string{data, "pre_failover_data.generator_type: file", "pre_failover_data.input_file: f"}},
	{"pre_failover_data.schema", "{event_id: string, n: integer}", []string{data}},
	{"pre_failover_data.injection_rate_events_per_second", "7", []string{data}},
	{"pre_failover_data.batch_size", "3", []string{data}},
	{"pre_failover_data.input_port", "In", []string{data}},
	{"pre_failover_data.output_port", "Out", []string{data}},
	{"pre_failover_data.id_field", "id", []string{data}},
	{"pre_failover_data.timestamp_field", "at", []string{data}},
	{"pre_failover_data.expected_data_loss_percentage", "2", []string{data}},
	{"fault_scenario.host", "secondary-host", nil},
	{"fault_scenario.target", "secondary_dc", nil},
	{"fault_scenario.target_network", "10.0.2.128/25", nil},
	{"fault_scenario.duration_seconds", "33", nil},
	{"fault_scenario.interface", "eth9", []string{"fault_scenario.type: network_latency", "fault_scenario.latency_ms: 10"}},
	{"fault_scenario.interface", "eth9", nil},
	{"fault_scenario.latency_ms", "15", []string{"fault_scenario.type: network_latency"}},
	{"fault_scenario.packet_loss_percentage", "15", []string{"fault_scenario.type: network_packet_loss"}},
	{"fault_scenario.bandwidth_limit_kbps", "15", []string{"fault_scenario.type: network_bandwidth"}},
	{"fault_scenario.process_name", "gateway", []string{hang}},
	{"fault_scenario.process_pattern", "java .*orders", []string{hang}},
	{"fault_scenario.terminate_after_continue", "true", []string{hang}},
	{"fault_scenario.resource_type", "memory", []string{exhaust}},
	{"fault_scenario.resource_percentage", "55", []string{exhaust}},
	{"fault_scenario.resource_percentage", "55", []string{exhaust, "fault_scenario.resource_type: io"}},
	{"fault_scenario.io_path", "/var/lib", []string{exhaust, "fault_scenario.resource_type: io"}},
	{"fault_scenario.api_operation", "pause_job", []string{api}},
	{"fault_scenario.api_operation", "terminate_instance", []string{api}},
	{"fault_scenario.api_operation", "disable_operator", []string{api}},
	{"fault_scenario.instance_id", "streams9", []string{api, "fault_scenario.api_operation: stop_job"}},
	{"fault_scenario.job_id", "12", []string{api, "fault_scenario.api_operation: stop_job"}},
	{"fault_scenario.options.interfaces", "[eth0]", nil},
	{"fault_scenario.options.iptables_rules", "[{action: REJECT, direction: inbound, src_network: 10.0.2.0/24, dst_network: 10.0.1.0/24}]", nil},
	{"failover_trigger_method", "toolkit_auto", nil},
	{"failover_trigger_method", "manual", nil},
	{"failover_condition", "api_initiated", nil},
	{"post_failover_validation_checks", "[{type: data_integrity}]", []string{data}},
	{"post_failover_validation_checks", "[{type: performance, threshold: 80, metric: tuples_per_second}]", []string{data}},
	{"post_failover_validation_checks", "[{type: availability, description: In words.}]", nil},
	{"expected_recovery_time_seconds", "44", nil},
	{"expected_data_loss_percentage", "3", []string{data}},
	{"expected_metrics", "{health_percentage: {min: 90, description: In words.}}", nil},
	{"expected_metrics", "{error_rate: {max: 1}}", []string{data}},
	{"expected_metrics", "{cpu_utilization: {max: 80}}", nil}, //nolint:misspell // the framework writes it so
	{"expected_metrics", "{nTuplesProcessed: {equals: 100}}", []string{data}},
	{"expected_metrics", "{tuples_per_second: {min: 10, max: 1000}}", []string{data}},
	{"expected_metrics", "{primary_dc.status: {equals: down}}", nil},
	{"expected_metrics", "{secondary_dc.status: {equals: up}}", nil},
	{"expected_metrics", "{of_our_own: {min: 1}}", nil},
	{"toolkit_monitoring.timeout_seconds", "240", nil},
	{"toolkit_monitoring.check_interval_seconds", "7", nil},
	{"toolkit_monitoring.expected_failover_duration_seconds", "50", nil},
	{"reporting.format", "both", nil},
	{"reporting.metrics_to_highlight", "[a]", nil},
}

// configKeys are those of its config.
var configKeys = []key{
	{"datacenters.primary.api_url", "https://other.example.com:8443", nil},
	{"datacenters.primary.auth_token", "$CRED:t", nil},
	{"datacenters.primary.verify_ssl", "false", nil},
	{"datacenters.primary.domain_id", "d9", nil},
	{"datacenters.primary.instance_id", "i9", nil},
	{"datacenters.secondary.api_url", "https://other.example.com:8443", nil},
	{"datacenters.secondary.auth_token", "a-token", nil},
	{"datacenters.secondary.verify_ssl", "false", nil},
	{"datacenters.secondary.domain_id", "d9", nil},
	{"datacenters.secondary.instance_id", "i9", nil},
	{"credentials.anything", "$ENV:X", nil},
	{"fault_injection.ssh.username", "other", nil},
	{"fault_injection.ssh.private_key_path", "~/.ssh/other", nil},
	{"fault_injection.ssh.password", "p4ssword", nil},
	{"fault_injection.ssh.connection_timeout", "9", nil},
	{"fault_injection.ssh.hosts.primary-host.hostname", "10.0.1.99", nil},
	{"fault_injection.ssh.hosts.primary-host.port", "2022", nil},
	{"fault_injection.ssh.hosts.primary-host.username", "other", nil},
	{"fault_injection.ssh.hosts.primary-host.password", "p4ssword", nil},
	{"fault_injection.ssh.hosts.primary-host.private_key_path", "~/.ssh/other", nil},
	{"fault_injection.network.tc_available", "true", nil},
	{"fault_injection.network.iptables_available", "true", nil},
	{"fault_injection.network.interfaces.primary-host", "eth8", nil},
	{"fault_injection.network.primary_network", "10.7.1.0/24", nil},
	{"fault_injection.network.secondary_network", "10.7.2.0/24", nil},
	{"monitoring.metrics_collection_interval_seconds", "9", nil},
	{"monitoring.prometheus.primary_url", "https://p.example.com", nil},
	{"monitoring.prometheus.secondary_url", "https://p.example.com", nil},
	{"monitoring.jmx.enabled", "false", nil},
	{"monitoring.jmx.primary_host", "j.example.com", nil},
	{"monitoring.jmx.primary_port", "9998", []string{"monitoring.jmx.primary_host: j.example.com"}},
	{"monitoring.jmx.secondary_host", "j.example.com", nil},
	{"monitoring.jmx.secondary_port", "9998", []string{"monitoring.jmx.secondary_host: j.example.com"}},
	{"crossdc_toolkit.local_dc_name", "north", nil},
	{"crossdc_toolkit.remote_dc_name", "south", nil},
	{"crossdc_toolkit.operation_mode", "0", nil},
	{"crossdc_toolkit.status_stream_name", "Other", nil},
	{"crossdc_toolkit.status_check_interval_seconds", "9", nil},
	{"crossdc_toolkit.log_search_keywords", "[a]", nil},
	{"crossdc_toolkit.monitoring_enabled", "true", nil},
	{"data_exchange.endpoint_timeout_seconds", "9", nil},
	{"data_exchange.max_batch_size", "9", nil},
	{"data_exchange.default_format", "csv", nil},
	{"data_handler.validation_timeout_seconds", "9", nil},
	{"data_handler.storage_dir", "elsewhere", nil},
	{"logging.console_level", "DEBUG", nil},
	{"monitoring.prometheus.username", "u", []string{"monitoring.prometheus.primary_url: https://p.example.com"}},
	{"monitoring.prometheus.password", "$ENV:P", []string{"monitoring.prometheus.primary_url: https://p.example.com"}},
	{"monitoring.prometheus.verify_ssl", "false", []string{"monitoring.prometheus.primary_url: https://p.example.com"}},
}

const (
	baseScenario = "test_id: t\ndescription: d\nstreams_application_sab: a.sab\nfault_scenario:\n  type: network_partition\nexpected_recovery_time_seconds: 60\n"
	baseConfig   = "datacenters:\n  primary: {api_url: \"https://a.example.com:8443\", auth_token: $ENV:A}\n  secondary: {api_url: \"https://b.example.com:8443\", auth_token: $ENV:B}\n" +
		"fault_injection:\n  ssh:\n    hosts:\n      primary-host: {hostname: 10.0.1.10}\n      secondary-host: {hostname: 10.0.2.10}\n  network: {primary_network: 10.0.1.0/24, secondary_network: 10.0.2.0/24}\n"
)

// set puts keys, each "PATH: VALUE", into a YAML text.
func set(t *testing.T, text string, keys []string) string {
	t.Helper()
	var top yaml.Node
	if err := yaml.Unmarshal([]byte(text), &top); err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		path, value, _ := strings.Cut(k, ": ")
		var v yaml.Node
		if err := yaml.Unmarshal([]byte(value), &v); err != nil {
			t.Fatal(err)
		}
		at := top.Content[0]
		parts := strings.Split(path, ".")
		for i, p := range parts {
			next := find(at, p)
			if next == nil {
				next = &yaml.Node{Kind: yaml.MappingNode}
				at.Style = 0
				at.Content = append(at.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: p}, next)
			}
			if i == len(parts)-1 {
				*next = *v.Content[0]
			}
			at = next
		}
	}
	out, err := yaml.Marshal(&top)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func find(m *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}

// Every key of the framework's format changes the plan, or is reported at its line.
func TestEveryKeyIsHandledOrReported(t *testing.T) {
	check := func(t *testing.T, k key, inConfig bool) {
		before, after := k.with, append(slices.Clone(k.with), k.path+": "+k.value)
		run := func(keys []string) (plan []byte, found diag.List, text string) {
			s, c := baseScenario, baseConfig
			if inConfig {
				s, c = set(t, s, []string{data}), set(t, c, keys)
				text = c
			} else {
				s = set(t, s, keys)
				text = s
			}
			res, found := scenario.Import(scenario.Options{Files: []scenario.File{file("s.yaml", s), file("c.yaml", c)}, Catalog: catalog{}})
			return res.Plan, found, text
		}
		plain, _, _ := run(before)
		with, found, text := run(after)
		last := k.path[strings.LastIndex(k.path, ".")+1:]
		reported := false
		for _, d := range found {
			if d.Subject == nil {
				continue
			}
			line := strings.Split(text, "\n")[d.Subject.Start.Line-1]
			top, _, _ := strings.Cut(k.path, ".")
			reported = reported || strings.Contains(line, last+":") || strings.HasPrefix(line, top+":") && (top == "logging" || top == "reporting")
		}
		inComment := bytes.Contains(with, []byte(k.value)) && !bytes.Contains(plain, []byte(k.value))
		if !reported && (with == nil || bytes.Equal(body(plain), body(with))) && !inComment {
			t.Errorf("%s is neither in the plan nor reported:\n%s\n%s", k.path, text, lines(found))
		}
	}
	for i, k := range scenarioKeys {
		t.Run(fmt.Sprintf("scenario/%d/%s", i, k.path), func(t *testing.T) { check(t, k, false) })
	}
	for i, k := range configKeys {
		t.Run(fmt.Sprintf("config/%d/%s", i, k.path), func(t *testing.T) { check(t, k, true) })
	}
}

// catalog has the connection blocks that the framework's config is about.
type catalog struct{}

func (catalog) Step(addr.Kind, string) (*schema.Block, bool) { return nil, false }
func (catalog) StepTypes(addr.Kind) []string                 { return nil }
func (catalog) Connections() []string                        { return nil }
func (catalog) Signals() []schema.Signal                     { return []schema.Signal{{Path: "host.*.cpu"}} }

func (catalog) Connection(name string) (*schema.Block, bool) {
	var b schema.Block
	for _, a := range map[string][]string{"prometheus": {"url", "username", "password", "insecure"}, "data_exchange": {"timeout"}}[name] {
		b.Attributes = append(b.Attributes, schema.Attribute{Name: a})
	}
	return &b, len(b.Attributes) > 0
}

// body is a plan without its comments, whose line numbers change with every key.
func body(plan []byte) []byte {
	var out []byte
	for l := range bytes.Lines(plan) {
		if !bytes.HasPrefix(bytes.TrimSpace(l), []byte("#")) {
			out = append(out, l...)
		}
	}
	return out
}

// A key that nobody knows is reported with its own line, wherever it stands.
func TestUnknownKeysAreReportedEverywhere(t *testing.T) {
	free := []string{"submission_params", "pre_failover_data.schema", "credentials", "fault_injection.network.interfaces", "logging", "reporting"}
	parents := map[string]bool{"s fault_scenario.options": true}
	for _, k := range scenarioKeys {
		parents["s "+k.path[:max(strings.LastIndex(k.path, "."), 0)]] = true
	}
	for _, k := range configKeys {
		parents["c "+k.path[:max(strings.LastIndex(k.path, "."), 0)]] = true
	}
	seen := 0
	for where := range parents {
		which, parent, _ := strings.Cut(where, " ")
		if slices.Contains(free, parent) {
			continue
		}
		seen++
		t.Run(where, func(t *testing.T) {
			s, c := baseScenario, baseConfig
			k := strings.TrimPrefix(parent+".zzz: 1", ".")
			name, text := "s.yaml", &s
			if which == "c" {
				name, text = "c.yaml", &c
			}
			*text = set(t, *text, []string{k})
			_, found := scenario.Import(scenario.Options{Files: []scenario.File{file("s.yaml", s), file("c.yaml", c)}})
			for _, d := range found {
				if d.Code == diag.ImportUnknownKey && d.Subject != nil && d.Subject.Filename == name && strings.Contains(strings.Split(*text, "\n")[d.Subject.Start.Line-1], "zzz") {
					return
				}
			}
			t.Errorf("not reported:\n%s", lines(found))
		})
	}
	if seen < 15 {
		t.Errorf("only %d places were tried", seen)
	}
}
