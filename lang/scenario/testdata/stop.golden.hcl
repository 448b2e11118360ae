# Imported by xdc import from config.yaml and stop.yaml.
#
# Lines with TODO(you) are decisions that no program can make. Read them, correct the plan, and take them out;
# then look at `xdc plan`, `xdc rehearse` and `xdc doctor` before the first `xdc apply`.

plan "api_stop_job_001" {
  description = "Somebody stops the job of the first data centre."
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

# TODO(you): [stop.yaml:3, streams_application_sab] Where the application runs. The framework submitted the
# bundle once. A takeover needs a copy on each side, so the plan submits it to both; write adopt = "NAME" in
# place of bundle where it runs already. If both copies need their own parameters, ${each.target.name} tells
# them apart.
job "app" {
  bundle  = "../apps/orders.sab"
  targets = [target.primary, target.secondary]

  toolkit {
    # TODO(you): [stop.yaml:3, streams_application_sab] How the toolkit is configured. Neither file says it. 5s
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

# The framework's default endpoint is input; check what the application calls it.
# TODO(you): [stop.yaml:16, expected_data_loss_percentage] One batch is more than may be lost. When a job
# ends, what its sink holds unread is in doubt: up to a batch, which is about 100 records here, and 25 may be
# lost. The verdict on the loss can then be inconclusive. Smaller batches help.
# TODO(you): [stop.yaml:15, expected_recovery_time_seconds] The data may end before the takeover. The records
# last 40s more when the fault begins, and recovery may take 45s. After their end nothing shows whether the
# survivor processes anything. Raise records if that matters.
seed "data_exchange" "events" {
  depends_on = [wait.paired]
  targets    = [target.primary, target.secondary]
  route      = "failover"
  job        = job.app
  endpoint   = "input"
  rate       = 100
  records    = 5000
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

  # What is in a sink when its job or PE ends is gone. Read often, so that little is left in doubt.
  poll_interval = "50ms"
}

# The framework put in all data before the fault. Here the fault begins when a fifth of it is acknowledged, so
# that records are under way while it lasts.
fault "streams_job" "stop" {
  job   = job.app["primary"]
  when  = "seed.data_exchange.events.acked >= 1000"
  delay = "750ms" # so that it falls between two batches
}

wait "takeover" {
  since   = fault.streams_job.stop
  until   = "secondary.job.app.toolkit.remote is down and secondary.job.app.health is healthy"
  timeout = "90s"
}

expect "recovers_in_time" {
  that = "wait.takeover.rto <= 45s"
}

expect "loses_little" {
  that = "audit.events.lost_percent <= 0.5%"
}

expect "data_integrity" {
  that = "audit.events.corrupted == 0 and audit.events.unexpected == 0"
}

# 90% of what came out before the fault. The framework looked at one number; here it is what the audit sees
# come out.
expect "performance" {
  that = "eventually rate(audit.events.delivered, 10s) >= 0.9 * rate(audit.events.delivered, from seed.data_exchange.events.started to fault.streams_job.stop.injected) from wait.takeover.done within 45s"
}

expect "availability" {
  depends_on = [wait.takeover]
  that       = "secondary.job.app.health is healthy"
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
