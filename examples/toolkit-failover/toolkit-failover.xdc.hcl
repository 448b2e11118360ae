# Active/passive: dc1 processes, dc2 only watches. The link is cut; the monitor in dc2 must notice and launch the
# application there, and the producers move to it.

plan "toolkit_failover" {
  description = "The link towards dc2 is cut for a minute: the passive side must launch the application within two minutes."
  timeout     = "15m"

  defaults {
    streams {
      instance = "streams1"
      username = "xdc"
      password = var.password
      ca_file  = "ca.pem"
    }
    host {
      user          = "xdc"
      identity_file = "~/.ssh/id_ed25519"
      become        = "sudo"
    }
  }
}

variable "password" {
  description = "Password of the Streams user xdc in both data centres. Rehearsals do not need it."
  type        = string
  sensitive   = true
}

target "dc1" {
  networks = ["192.168.1.0/24"]
  streams {
    url = "https://streams.dc1.example.com:8443"
  }
  host "edge" {
    address = "192.168.1.10"
  }
}

target "dc2" {
  networks = ["192.168.2.0/24"]
  streams {
    url = "https://streams.dc2.example.com:8443"
  }
  host "edge" {
    address = "192.168.2.10"
  }
}

# The active side is submitted by the plan.
job "ingest" {
  bundle = "ingest.sab"
  target = target.dc1
  toolkit {
    heartbeat_interval = "5s"
    misses_allowed     = 4
    snapshot_interval  = "30s"
    init_delay         = "10s"
    mode               = "active"
  }
}

# The passive side is launched by the monitor in dc2 when dc1 is down; nobody submits it.
job "standby" {
  launched = "ingest"
  target   = target.dc2
  toolkit {
    heartbeat_interval = "5s"
    misses_allowed     = 4
    snapshot_interval  = "30s"
    init_delay         = "10s"
    mode               = "passive"
  }
}

# The monitor announces itself after its initial delay: from then on both sides know each other.
wait "paired" {
  until   = "dc1.job.ingest.toolkit.remote is up"
  timeout = "2m"
}

seed "data_exchange" "events" {
  depends_on = [wait.paired]
  targets    = [target.dc1, target.dc2]
  route      = "failover"
  job        = job.ingest
  endpoint   = "StreamsIngestPort"
  rate       = 100
  records    = 5000
  record = {
    event_id  = record.id
    timestamp = record.time
    value     = record::number(0, 1000)
    payload   = record::text(32)
  }
}

audit "events" {
  seed     = seed.data_exchange.events
  targets  = [target.dc1]
  endpoint = "StreamsOutPort"
  key      = "event_id"
}

fault "network_partition" "cut" {
  hosts    = [target.dc1.host.edge]
  from     = target.dc2.networks
  when     = "seed.data_exchange.events.acked >= 1000"
  duration = "60s"
}

wait "takeover" {
  since   = fault.network_partition.cut
  until   = "dc2.job.standby.health is healthy"
  timeout = "3m"
}

expect "recovers_in_time" {
  that = "wait.takeover.rto <= 120s"
}

expect "loses_little" {
  that = "audit.events.lost_percent <= 0.5%"
}

expect "the_active_side_sees_the_cut" {
  that = "eventually dc1.job.ingest.toolkit.remote is down from fault.network_partition.cut.injected within 60s"
}

expect "the_passive_side_runs" {
  that = "dc2.job.standby.health is healthy"
}

expect "processes_almost_everything" {
  condition = audit.events.delivered >= 4750
}
