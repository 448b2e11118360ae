# What does a client of the application notice when the job in the first data centre is stopped? A probe is such a client:
# it sends a marked record every ten milliseconds and waits for its result, whatever the platform says about itself.

plan "client_view" {
  description = "Somebody cancels the job in dc1: clients must get results again within 5 seconds, and 80% of all must be served in time."
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
    heartbeat_interval = "2s"
    misses_allowed     = 3
    snapshot_interval  = "10s"
    init_delay         = "10s"
  }
}

wait "paired" {
  until   = "dc1.job.orders.toolkit.remote is up and dc2.job.orders.toolkit.remote is up"
  timeout = "2m"
}

# The client moves to dc2 when dc1 has taken nothing for two seconds. That is part of the outage it sees.
probe "client" {
  depends_on = [wait.paired]
  targets    = [target.dc1, target.dc2]
  route      = "failover"
  job        = job.orders
  endpoint   = "Orders"
  results    = "Results"
  key        = "event_id"
  rate       = 100
  deadline   = "1s"
  record = {
    event_id  = record.id
    timestamp = record.time
    value     = record::number(0, 1000)
  }
}

fault "streams_job" "stop" {
  depends_on = [wait.paired]
  delay      = "5s"
  job        = job.orders["dc1"]
}

# What the toolkit in dc2 makes of it.
wait "takeover" {
  since   = fault.streams_job.stop
  until   = "dc2.job.orders.toolkit.remote is down and dc2.job.orders.health is healthy"
  timeout = "1m"
}

expect "clients_are_served_again" {
  that = "probe.client.rto <= 5s"
}

expect "the_outage_is_short" {
  that = "probe.client.outage <= 5s"
}

expect "most_are_served_in_time" {
  that = "probe.client.service_level >= 80%"
}

expect "usual_latency_is_low" {
  that     = "probe.client.latency_p50 <= 250ms"
  severity = "should"
}
