# One active side, and a monitor at the other that launches the application: everything there is in place of base.
plan "inject" {
  timeout = "10m"
  defaults {
    streams {
      instance = "streams1"
      username = "xdc"
      password = var.password
    }
  }
}

variable "password" {
  type      = string
  sensitive = true
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
  bundle = "orders.sab"
  target = target.dc1
  toolkit {
    heartbeat_interval = "2s"
    misses_allowed     = 3
    snapshot_interval  = "6s"
    init_delay         = "5s"
  }
}

job "standby" {
  launched = "orders"
  target   = target.dc2
  toolkit {
    heartbeat_interval = "2s"
    misses_allowed     = 3
    snapshot_interval  = "6s"
    init_delay         = "5s"
    mode               = "passive"
  }
}

wait "paired" {
  until   = "dc1.job.orders.toolkit.remote is up for 20s"
  timeout = "3m"
}
