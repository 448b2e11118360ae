# Imported by xdc import from config.yaml and partition.yaml.
#
# Lines with TODO(you) are decisions that no program can make. Read them, correct the plan, and take them out;
# then look at `xdc plan`, `xdc rehearse` and `xdc doctor` before the first `xdc apply`.

plan "network_partition_001" {
  description = "The link between the two data centres is cut for five minutes."
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

target "primary" {
  networks = ["10.0.1.0/24"]

  streams {
    url           = "https://streams.north.example.com:8443"
    domain        = "StreamsDomain"
    instance      = "streams1"
    password      = var.primary_password
    poll_interval = "5s"

    # TODO(you): [config.yaml:5, datacenters.primary.auth_token] Who logs in. The framework sent a bearer token.
    # The platform takes a user name and a password: write username = "..." here. The password is asked for when
    # the plan is run.
  }

  host "primary-host" {
    address       = "10.0.1.10"
    user          = "tester"
    identity_file = "~/.ssh/id_ed25519"
    interface     = "eth0"

    # TODO(you): Faults need root. Write become = "sudo" (or "doas"), if the user gets it that way without a
    # password.
  }
}

target "secondary" {
  networks = ["10.0.2.0/24"]

  streams {
    url           = "https://streams.south.example.com:8443"
    domain        = "StreamsDomain"
    instance      = "streams1"
    password      = var.secondary_password
    poll_interval = "5s"

    # TODO(you): [config.yaml:11, datacenters.secondary.auth_token] Who logs in. The framework sent a bearer
    # token. The platform takes a user name and a password: write username = "..." here. The password is asked for
    # when the plan is run.
  }

  host "secondary-host" {
    address       = "10.0.2.10"
    port          = 2222
    user          = "tester"
    identity_file = "~/.ssh/id_ed25519"
    interface     = "eth0"

    # TODO(you): Faults need root. Write become = "sudo" (or "doas"), if the user gets it that way without a
    # password.
  }
}

# TODO(you): [partition.yaml:3, streams_application_sab] Where the application runs. The framework submitted
# the bundle once. A takeover needs a copy on each side, so the plan submits it to both; write adopt = "NAME"
# in place of bundle where it runs already. If both copies need their own parameters, ${each.target.name}
# tells them apart.
job "app" {
  bundle   = "../apps/orders.sab"
  targets  = [target.primary, target.secondary]
  job_name = "Orders"
  parameters = {
    heartbeatIntervalSeconds = "5"
  }

  toolkit {
    # TODO(you): [partition.yaml:6, submission_params.heartbeatIntervalSeconds] How the toolkit is configured. The
    # heartbeat is what this submission parameter says. Check that the application hands it to the toolkit, and
    # add the other intervals: predictions, and what a rehearsal shows, rest on them.
    heartbeat_interval = "5s"
    misses_allowed     = 4
  }
}

# Both sides have to know each other before anything is broken, or there is nothing to fail over.
wait "paired" {
  until   = "primary.job.app.toolkit.remote is up and secondary.job.app.toolkit.remote is up"
  timeout = "5m"
}

# The framework's default endpoint is input; check what the application calls it.
seed "data_exchange" "events" {
  depends_on = [wait.paired]
  targets    = [target.primary, target.secondary]
  route      = "failover"
  job        = job.app
  endpoint   = "input"
  rate       = 100
  records    = 10000
  batch      = 500

  record = {
    event_id  = record.id
    timestamp = record.time
    value     = record::number(0, 1000)
    payload   = record::text(64)
  }
}

audit "events" {
  seed     = seed.data_exchange.events
  targets  = [target.primary, target.secondary]
  endpoint = "output"
  key      = "event_id"
}

# The framework put in all data before the fault. Here the fault begins when a fifth of it is acknowledged, so
# that records are under way while it lasts.
fault "network_partition" "cut" {
  hosts    = [target.primary.host.primary-host]
  from     = target.secondary.networks
  when     = "seed.data_exchange.events.acked >= 2000"
  delay    = "750ms" # so that it falls between two batches
  duration = "5m"
}

wait "takeover" {
  since   = fault.network_partition.cut
  until   = "secondary.job.app.toolkit.remote is down and secondary.job.app.health is healthy"
  timeout = "2m"
}

expect "recovers_in_time" {
  that = "wait.takeover.rto <= 60s"
}

expect "loses_little" {
  that = "audit.events.lost_percent <= 1%"
}

# What came out is what went in.
expect "data_integrity" {
  that = "audit.events.corrupted == 0 and audit.events.unexpected == 0"
}

# Throughput comes back.
# 90% of what came out before the fault. The framework looked at one number; here it is what the audit sees
# come out.
expect "performance" {
  that = "eventually rate(audit.events.delivered, 10s) >= 0.9 * rate(audit.events.delivered, from seed.data_exchange.events.started to fault.network_partition.cut.injected) from wait.takeover.done within 60s"
}

# The application runs on the other side.
expect "availability" {
  depends_on = [wait.takeover]
  that       = "secondary.job.app.health is healthy"
}

# Health of the application.
# TODO(you): [partition.yaml:36, expected_metrics.health_percentage] Health is a word. The framework computed
# a percentage. The platform's own summary stands for it: healthy means that every PE is. If less is enough,
# write `in (healthy, partially_healthy)`.
expect "health_percentage" {
  depends_on = [wait.takeover]
  that       = "secondary.job.app.health is healthy"
}

# TODO(you): [partition.yaml:37, expected_metrics.error_rate] What is an error. The framework read a metric of
# this name, in percent. xdc counts the records that the service refused. This is reported and fails nothing;
# make it a must if it is what is meant.
expect "error_rate" {
  severity = "should"
  that     = "seed.data_exchange.events.rejected <= 0.005 * seed.data_exchange.events.sent"
}

# What else is to be known about the import.
#
# Note: [config.yaml:30, fault_injection.network.tc_available] tc_available is not needed. xdc looks for
# itself which tools a host has.
#
# Note: [config.yaml:31, fault_injection.network.iptables_available] iptables_available is not needed. xdc
# looks for itself which tools a host has.
#
# Note: [config.yaml:22, fault_injection.ssh.connection_timeout] connection_timeout is not needed. xdc has
# limits of its own for connections over SSH.
#
# Note: [config.yaml:39, logging] logging has no counterpart. Every run keeps its events; logs for developers
# are a flag, --log-level.
#
# TODO(you): [partition.yaml:38, expected_metrics.cpu_utilization] The load of processors is not observed.
# Nothing in this plan can tell it. Use the monitoring of the hosts, or an action "exec" that fails when the
# load is too high.
