# The application in the first data centre is cancelled through the API, as a careless operator would do it. The
# producers move to the other side; the other side must notice and take over.

plan "job_stopped" {
  description = "Somebody cancels the job in dc1: dc2 must notice within 45 seconds, and at most half a percent may be lost."
  timeout     = "15m"

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
  rate       = 100
  records    = 5000
  batch      = 5
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

  # What is in a sink that nobody has read yet goes with its job. Read often, so that little is left in doubt.
  poll_interval = "50ms"
}

fault "streams_job" "stop" {
  job  = job.orders["dc1"]
  when = "seed.data_exchange.orders.acked >= 2000"
}

wait "takeover" {
  since   = fault.streams_job.stop
  until   = "dc2.job.orders.toolkit.remote is down and dc2.job.orders.health is healthy"
  timeout = "2m"
}

expect "recovers_in_time" {
  that = "wait.takeover.rto <= 45s"
}

expect "loses_little" {
  that = "audit.orders.lost_percent <= 0.5%"
}

expect "takes_over_once" {
  that = "changes(dc2.job.orders.toolkit.takeover) <= 2"
}
