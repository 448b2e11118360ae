# A whole data centre goes: its instance is stopped while producers send to it. They move to the other one, which
# must take over and go on delivering.

plan "data_centre_lost" {
  description = "The instance in dc1 is stopped. Producers fail over to dc2, which must take over and deliver."
  timeout     = "20m"

  defaults {
    streams {
      instance = "streams1"
      username = "xdc"
      password = var.password
      ca_file  = "ca.pem"
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
}

target "dc2" {
  networks = ["10.0.2.0/24"]
  streams {
    url = "https://streams.dc2.example.com:8443"
  }
}

job "orders" {
  bundle  = "orders.sab"
  targets = [target.dc1, target.dc2]
  keep    = false
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
  resend     = true
  job        = job.orders
  endpoint   = "Orders"
  rate       = 200
  duration   = "2m"
  batch      = 20
  record = {
    event_id  = record.id
    timestamp = record.time
    customer  = record::key(50)
    value     = record::number(0, 1000)
    payload   = record::text(32)
  }
}

audit "orders" {
  seed     = seed.data_exchange.orders
  targets  = [target.dc1, target.dc2]
  endpoint = "Results"
  key      = "event_id"
}

fault "streams_instance" "lost" {
  target   = target.dc1
  when     = "seed.data_exchange.orders.acked >= 6000"
  duration = "90s"
}

wait "takeover" {
  since   = fault.streams_instance.lost
  until   = "dc2.job.orders.toolkit.remote is down and dc2.job.orders.health is healthy"
  timeout = "80s"
}

expect "recovers_in_time" {
  that = "wait.takeover.rto <= 45s"
}

# What was acknowledged by dc1 and had not come out of it yet is gone with it: at most the last second.
expect "loses_little" {
  that = "audit.orders.lost_percent <= 1%"
}

expect "producers_move" {
  that = "eventually rate(seed.data_exchange.orders.acked, 10s) >= 150 from fault.streams_instance.lost.injected within 60s"
}

expect "the_survivor_delivers" {
  condition = audit.orders.at["dc2"].delivered > 0
}
