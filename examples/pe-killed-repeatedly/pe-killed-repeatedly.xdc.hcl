# The processing element that keeps the state of the application in dc1 is killed again and again, as a bad disk or a bug
# does it. The platform starts it again each time. That is its job, and no reason for the other side to take over.

plan "pe_killed_repeatedly" {
  description = "The PE with the state is killed every 15 seconds for about a minute: the platform must start it again each time, and dc2 must not take over."
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

variable "loss_objective" {
  description = "How much of what was acknowledged may be lost: what the PE held when it was killed."
  type        = string
  default     = "2%"
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

# Who has taken the place of the PE is looked up on its host before each kill. It ends with the fault's lease, whatever
# becomes of xdc.
fault "process_kill" "state" {
  job      = job.orders["dc1"]
  operator = "KeyedCounter"
  every    = "15s"
  when     = "seed.data_exchange.orders.acked >= 1000"
  duration = "55s"
}

wait "back" {
  depends_on = [fault.process_kill.state.healed]
  until      = "dc1.job.orders.health is healthy"
  hold       = "20s"
  timeout    = "2m"
}

expect "is_started_again_each_time" {
  depends_on = [wait.back]
  that       = "dc1.job.orders.operator['KeyedCounter'].launches >= 5"
}

expect "stays_up_afterwards" {
  that = "eventually dc1.job.orders.health is healthy for 15s from fault.process_kill.state.healed within 1m"
}

expect "nobody_takes_over" {
  that          = "never dc2.job.orders.toolkit.remote is down from fault.process_kill.state.injected"
  error_message = "dc2 took a data centre for dead whose PE was only started again"
}

expect "loses_little" {
  that = "audit.orders.lost_percent <= ${var.loss_objective}"
}

expect "every_record_is_intact" {
  that = "audit.orders.corrupted == 0 and audit.orders.unexpected == 0"
}
