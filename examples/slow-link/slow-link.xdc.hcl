# The link between the data centres gets slower and slower, and then good again. A slow link is not a dead one: nobody may
# be taken for dead, and nothing may be lost.

plan "slow_link" {
  description = "The link between the data centres gets up to two seconds slower each way: nobody may take over, and nothing may be lost."
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
  networks = ["10.0.1.0/24"]
  streams {
    url = "https://streams.dc1.example.com:8443"
  }
  host "edge" {
    address = "10.0.1.10"
  }
}

target "dc2" {
  networks = ["10.0.2.0/24"]
  streams {
    url = "https://streams.dc2.example.com:8443"
  }
  host "edge" {
    address = "10.0.2.10"
  }
}

job "orders" {
  bundle  = "orders.sab"
  targets = [target.dc1, target.dc2]
  toolkit {
    heartbeat_interval = "5s"
    misses_allowed     = 4
    snapshot_interval  = "30s"
    init_delay         = "10s"
  }
}

wait "paired" {
  until   = "dc1.job.orders.toolkit.remote is up and dc2.job.orders.toolkit.remote is up"
  timeout = "2m"
}

seed "data_exchange" "orders" {
  depends_on = [wait.paired]
  targets    = [target.dc1, target.dc2]
  route      = "failover"
  job        = job.orders
  endpoint   = "Orders"
  rate       = 50
  records    = 6000
  batch      = 10
  record = {
    event_id  = record.id
    timestamp = record.time
    value     = record::number(0, 1000)
    payload   = record::text(32)
  }
}

audit "orders" {
  seed     = seed.data_exchange.orders
  targets  = [target.dc1, target.dc2]
  endpoint = "Results"
  key      = "event_id"
  settle   = "10s"
}

# The delay grows in steps, and nothing is healed between them. Where the kernel has no netem the fault is refused: use
# toxiproxy_latency there.
fault "network_latency" "slow" {
  hosts   = [target.dc1.host.edge]
  from    = target.dc2.networks
  latency = "100ms"
  when    = "seed.data_exchange.orders.acked >= 500"

  duration = "90s"
  stage {
    duration = "30s"
    latency  = "100ms"
    jitter   = "50ms"
  }
  stage {
    duration = "30s"
    latency  = "2s"
    jitter   = "500ms"
    ramp     = true
  }
  stage {
    duration = "30s"
    latency  = "2s"
    jitter   = "500ms"
  }
}

expect "nobody_is_taken_for_dead" {
  that = "never dc1.job.orders.toolkit.remote is down or dc2.job.orders.toolkit.remote is down from fault.network_latency.slow.injected"
}

expect "stays_available" {
  that = "always dc1.job.orders.health is healthy and dc2.job.orders.health is healthy from fault.network_latency.slow.injected to fault.network_latency.slow.healed"
}

expect "loses_nothing" {
  that = "audit.orders.lost == 0 and audit.orders.duplicated == 0"
}

# 80% of the rate the producers send at, over ten seconds: they talk to dc1, and the link is not on their way.
expect "keeps_its_throughput" {
  severity = "should"
  that     = "eventually rate(seed.data_exchange.orders.acked, 10s) >= 40 from fault.network_latency.slow.injected within 80s"
}
