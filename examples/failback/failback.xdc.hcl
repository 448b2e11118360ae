# There and back: dc1 is cut off and comes back, then dc2. The drill is a module, called once for each direction,
# one after the other.

plan "failback" {
  description = "Each side is cut off in turn, the other takes over, and after the heal the application on one side is restarted, which brings both up again."
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

module "drill" {
  source     = "./drill"
  depends_on = [wait.paired]
  serial     = true
  for_each = {
    "1-dc1-fails" = { victim = target.dc1, survivor = target.dc2, edge = target.dc1.host.edge }
    "2-dc2-fails" = { victim = target.dc2, survivor = target.dc1, edge = target.dc2.host.edge }
  }

  victim   = each.value.victim
  survivor = each.value.survivor
  edge     = each.value.edge
  app      = job.orders
}

output "takeover_seconds" {
  description = "Recovery time in each direction, as upper bound."
  value       = { for name, d in module.drill : name => d.rto }
}
