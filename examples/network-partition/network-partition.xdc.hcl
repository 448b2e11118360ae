# The link between the data centres is cut for five minutes while producers keep sending. The other side must
# take over by itself, nothing that was acknowledged may be lost, and throughput must stay where it was.

plan "network_partition" {
  description = "The link between the data centres is cut: dc2 must take over by itself, and nothing that was acknowledged may be lost."
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

variable "recovery_objective" {
  description = "How long the takeover may take."
  type        = string
  default     = "60s"
}

variable "loss_objective" {
  description = "How much of what was acknowledged may be lost."
  type        = string
  default     = "1%"
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
  parameters = {
    configFileName = "/etc/streams/crossdc-${each.target.name}.txt"
  }
  toolkit { # what that file says: the basis of predictions, and what the twin copies
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

# 10,000 records at 100 a second, in batches of 50.
seed "data_exchange" "orders" {
  depends_on = [wait.paired]
  targets    = [target.dc1, target.dc2]
  route      = "failover"
  job        = job.orders
  endpoint   = "Orders"
  rate       = 100
  records    = 10000
  batch      = 50
  record = {
    event_id  = record.id
    timestamp = record.time
    customer  = record::key(200)
    value     = record::number(0, 1000)
    payload   = record::text(64)
  }
}

audit "orders" {
  seed     = seed.data_exchange.orders
  targets  = [target.dc1, target.dc2]
  endpoint = "Results"
  key      = "event_id"
  settle   = "10s"
}

fault "network_partition" "cut" {
  hosts    = [target.dc1.host.edge]
  from     = target.dc2.networks
  when     = "seed.data_exchange.orders.acked >= 2000"
  duration = "5m"
}

wait "takeover" {
  since   = fault.network_partition.cut
  until   = "dc2.job.orders.toolkit.remote is down and dc2.job.orders.health is healthy"
  hold    = "5s"
  timeout = "2m"
}

expect "recovers_in_time" {
  that = "wait.takeover.rto <= ${var.recovery_objective}"
}

expect "loses_little" {
  that          = "audit.orders.lost_percent <= ${var.loss_objective}"
  error_message = "more acknowledged records were lost than the objective allows"
}

expect "every_record_is_intact" {
  that = "audit.orders.corrupted == 0 and audit.orders.unexpected == 0"
}

# 90% of the rate the producers send at, over ten seconds, once the first ten seconds have filled the window.
expect "keeps_its_throughput" {
  severity = "should"
  that     = "eventually rate(seed.data_exchange.orders.acked, 10s) >= 90 from fault.network_partition.cut.injected within 60s"
}

expect "stays_available" {
  that = "always dc2.job.orders.health is healthy from fault.network_partition.cut.injected to fault.network_partition.cut.healed"
}

expect "does_not_flap" {
  that = "changes(dc2.job.orders.toolkit.remote, from fault.network_partition.cut.injected to fault.network_partition.cut.healed) <= 1"
}
