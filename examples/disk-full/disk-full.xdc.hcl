# The disk of a host in dc1 runs full for two minutes, as logs or a core dump would fill it. The application must go on
# or fail over, and nothing that was acknowledged may be lost.

plan "disk_full" {
  description = "The disk of a host in dc1 runs full: the application must stay available, and nothing that was acknowledged may be lost."
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

variable "path" {
  description = "A folder on the file system that is to run full, on the host in dc1."
  type        = string
  default     = "/var/opt/streams"
}

variable "level" {
  description = "How full it gets, as df counts it."
  type        = string
  default     = "97%"
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
  records    = 9000
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

# The space is taken by a file without a name: it is free again as soon as the process that holds it ends, also after a
# reboot. At least 256MiB stay free for whoever has to log in.
fault "resource_disk" "full" {
  hosts    = [target.dc1.host.edge]
  path     = var.path
  level    = var.level
  reserve  = "256MiB"
  when     = "seed.data_exchange.orders.acked >= 1500"
  duration = "2m"
}

expect "somebody_is_available" {
  that = "always dc1.job.orders.health is healthy or dc2.job.orders.health is healthy from fault.resource_disk.full.injected to fault.resource_disk.full.healed"
}

expect "recovers_by_itself" {
  that = "eventually dc1.job.orders.health is healthy for 15s from fault.resource_disk.full.healed within 2m"
}

# Both hold with the disk full and without.
expect "loses_nothing" {
  that = "audit.orders.lost == 0"
}

expect "both_sides_know_each_other" {
  depends_on = [seed.data_exchange.orders]
  that       = "dc1.job.orders.toolkit.remote is up and dc2.job.orders.toolkit.remote is up"
}
