# A ready-made drill: `xdc:takeover` comes with xdc and is given the data centres, a host and the application.

plan "shipped_plan" {
  description = "A drill that comes with xdc, called with this plan's own data centres and application."
  timeout     = "30m"

  defaults {
    streams {
      instance = "streams1"
      username = "xdc"
      password = var.password
      ca_file  = "ca.pem"
    }
    host {
      user = "xdc"
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

module "cut" {
  source     = "xdc:takeover"
  depends_on = [wait.paired]

  victim             = target.dc1
  survivor           = target.dc2
  edge               = target.dc1.host.edge
  app                = job.orders
  recovery_objective = "30s"
}

output "takeover_seconds" {
  description = "Recovery time, as upper bound."
  value       = module.cut.rto
}
