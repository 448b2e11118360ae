# The PE that holds the application's state is stopped for a moment. What was acknowledged and was still in state is
# gone, and the audit must find exactly those records.

plan "state_lost" {
  description = "The PE that holds the state in dc1 stops: acknowledged records that were in it are lost, and the loss reaches back no further than they stay there."
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
  twin {
    application = "slow" # keeps each record for ten seconds before its result comes out
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
  rate       = 100
  records    = 5000
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
  state    = "count"
}

fault "streams_pe" "state" {
  job      = job.orders["dc1"]
  operator = "KeyedCounter"
  when     = "seed.data_exchange.orders.acked >= 2000"
  duration = "5s"
}

expect "something_was_lost" {
  that          = "audit.orders.lost > 0"
  error_message = "nothing was lost, although the state was"
}

# At 100 records a second and ten seconds in state.
expect "no_more_than_the_state_held" {
  that = "audit.orders.lost <= 1050"
}

expect "reaches_back_no_further" {
  that = "audit.orders.rpo <= 12s"
}

# The application goes on counting from what it had last replicated.
expect "the_count_went_back" {
  that = "audit.orders.monotone_state is false"
}

expect "nothing_is_in_doubt" {
  that = "audit.orders.inconclusive == 0"
}
