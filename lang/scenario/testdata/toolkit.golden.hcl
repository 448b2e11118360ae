# Imported by xdc import from config_192.yaml and toolkit.yaml.
#
# Lines with TODO(you) are decisions that no program can make. Read them, correct the plan, and take them out;
# then look at `xdc plan`, `xdc rehearse` and `xdc doctor` before the first `xdc apply`.

# Note: [toolkit.yaml:1, test_id] The name is written in another way. Names have letters, digits, _ and -
# only; the scenario calls itself toolkit failover.
plan "toolkit_failover" {
  description = "The toolkit has to notice that the other side is gone."
}

variable "primary_password" {
  description = "Password of the Streams user in primary. Rehearsals do not need it."
  type        = string
  sensitive   = true
}

variable "secondary_password" {
  description = "Password of the Streams user in secondary. Rehearsals do not need it."
  type        = string
  sensitive   = true
}

# The toolkit calls this data centre north.
target "primary" {
  networks = ["192.168.1.0/24"]

  streams {
    url           = "https://streams.north.example.com:8443"
    domain        = "StreamsDomain"
    instance      = "streams1"
    password      = var.primary_password
    poll_interval = "5s"

    # TODO(you): [config_192.yaml:5, datacenters.primary.auth_token] Who logs in. The framework sent a bearer
    # token. The platform takes a user name and a password: write username = "..." here. The password is asked for
    # when the plan is run.
  }

  host "primary-host" {
    address       = "192.168.1.10"
    user          = "tester"
    identity_file = "~/.ssh/id_ed25519"
    interface     = "eth0"

    # TODO(you): Faults need root. Write become = "sudo" (or "doas"), if the user gets it that way without a
    # password.
  }
}

# The toolkit calls this data centre south.
target "secondary" {
  networks = ["192.168.2.0/24"]

  streams {
    url           = "https://streams.south.example.com:8443"
    domain        = "StreamsDomain"
    instance      = "streams1"
    password      = var.secondary_password
    poll_interval = "5s"

    # TODO(you): [config_192.yaml:11, datacenters.secondary.auth_token] Who logs in. The framework sent a bearer
    # token. The platform takes a user name and a password: write username = "..." here. The password is asked for
    # when the plan is run.
  }

  host "secondary-host" {
    address       = "192.168.2.10"
    port          = 2222
    user          = "tester"
    identity_file = "~/.ssh/id_ed25519"
    interface     = "eth0"

    # TODO(you): Faults need root. Write become = "sudo" (or "doas"), if the user gets it that way without a
    # password.
  }
}

# TODO(you): [toolkit.yaml:3, streams_application_sab] Where the application runs. The framework submitted the
# bundle once. A takeover needs a copy on each side, so the plan submits it to both; write adopt = "NAME" in
# place of bundle where it runs already. If both copies need their own parameters, ${each.target.name} tells
# them apart.
job "app" {
  bundle   = "/opt/apps/ingest.sab"
  targets  = [target.primary, target.secondary]
  job_name = "ingest"
  parameters = {
    "crossdc.mode" = "active"
  }

  toolkit {
    # TODO(you): [toolkit.yaml:3, streams_application_sab] How the toolkit is configured. Neither file says it. 5s
    # and 4 misses are assumed, so that the plan can be rehearsed; nothing is set by it. Write what the
    # application's configuration says (heartbeatExchangeInterval, consecutiveHeartbeatMissesAllowed,
    # dataSnapshotExchangeInterval): predictions, and what a rehearsal shows, rest on it.
    heartbeat_interval = "5s"
    misses_allowed     = 4
  }
}

# Both sides have to know each other before anything is broken, or there is nothing to fail over.
wait "paired" {
  until   = "primary.job.app.toolkit.remote is up and secondary.job.app.toolkit.remote is up"
  timeout = "5m"
}

# TODO(you): [toolkit.yaml:31, expected_recovery_time_seconds] The data may end before the takeover. The
# records last 40s more when the fault begins, and recovery may take 2m. After their end nothing shows whether
# the survivor processes anything. Raise records if that matters.
seed "data_exchange" "events" {
  depends_on = [wait.paired]
  targets    = [target.primary, target.secondary]
  route      = "failover"
  job        = job.app
  endpoint   = "StreamsIngestPort"
  rate       = 100
  records    = 5000

  record = {
    event_id  = record.id
    timestamp = record.time
    value     = record::number(0, 1000)
    payload   = record::text(64)
    source_dc = record::text(16)
  }
}

audit "events" {
  seed     = seed.data_exchange.events
  targets  = [target.primary, target.secondary]
  endpoint = "StreamsOutPort"
  key      = "event_id"
}

# The framework put in all data before the fault. Here the fault begins when a fifth of it is acknowledged, so
# that records are under way while it lasts.
fault "network_partition" "cut" {
  hosts     = [target.primary.host.primary-host]
  from      = target.secondary.networks
  direction = "out"
  match     = "packets"
  when      = "seed.data_exchange.events.acked >= 1000"
  delay     = "750ms" # so that it falls between two batches
  duration  = "60s"
}

wait "takeover" {
  since   = fault.network_partition.cut
  until   = "secondary.job.app.toolkit.remote is down and secondary.job.app.health is healthy"
  timeout = "3m"
}

# What the toolkit was expected to need. The objective is stated above it; this is reported, and fails
# nothing.
expect "fails_over_as_quickly_as_expected" {
  severity = "should"
  that     = "wait.takeover.rto <= 60s"
}

expect "recovers_in_time" {
  that = "wait.takeover.rto <= 2m"
}

expect "loses_little" {
  that = "audit.events.lost_percent <= 0.5%"
}

# Down means that the other side believes it to be: nobody else can say so.
expect "primary_dc_status" {
  that = "eventually secondary.job.app.toolkit.remote is down from fault.network_partition.cut.injected within 3m"
}

# Up means that the application runs there and is healthy.
expect "secondary_dc_status" {
  depends_on = [wait.takeover]
  that       = "secondary.job.app.health is healthy"
}

# TODO(you): [toolkit.yaml:36, expected_metrics.nTuplesProcessed] What is processed. Counted are the records
# that came out. To count at an operator instead: secondary.job.app.operator['NAME'].tuples_in, which begins
# anew when its PE does.
expect "nTuplesProcessed" {
  that = "audit.events.delivered >= 4750"
}

# What else is to be known about the import.
#
# Note: [config_192.yaml:30, fault_injection.network.tc_available] tc_available is not needed. xdc looks for
# itself which tools a host has.
#
# Note: [config_192.yaml:31, fault_injection.network.iptables_available] iptables_available is not needed. xdc
# looks for itself which tools a host has.
#
# Note: [config_192.yaml:22, fault_injection.ssh.connection_timeout] connection_timeout is not needed. xdc has
# limits of its own for connections over SSH.
#
# Note: [config_192.yaml:45, crossdc_toolkit.status_stream_name] status_stream_name is not needed. xdc knows
# the toolkit's streams by name.
#
# Note: [config_192.yaml:46, crossdc_toolkit.status_check_interval_seconds] status_check_interval_seconds is
# not needed. What xdc says about the toolkit follows from what it observes; how often it observes is
# poll_interval in the streams block.
#
# Note: [config_192.yaml:47, crossdc_toolkit.monitoring_enabled] monitoring_enabled is not needed. A plan
# watches the toolkit always.
#
# Note: [config_192.yaml:39, logging] logging has no counterpart. Every run keeps its events; logs for
# developers are a flag, --log-level.
#
# Note: [toolkit.yaml:21, fault_scenario.options.interfaces] The interface is not needed. A partition in xdc
# names the other side's addresses, and cuts them on whichever interface they are reached.
#
# Note: [toolkit.yaml:29, toolkit_monitoring.check_interval_seconds] check_interval_seconds is not needed. A
# wait is judged at every observation; how often xdc observes is poll_interval in the streams block.
#
# Note: [toolkit.yaml:37, reporting] reporting has no counterpart. Every run leaves its reports as HTML,
# JUnit, JSON and Markdown, with everything that was measured.
#
# TODO(you): [config_192.yaml:49, data_exchange.endpoint_timeout_seconds] endpoint_timeout_seconds is not
# taken over. This version of xdc has no such limit.
