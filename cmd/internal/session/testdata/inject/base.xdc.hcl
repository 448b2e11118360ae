# Two active sides with short intervals: later than (3 - 1) x 2s = 4s and no later than (3 + 1) x 2s = 8s after the last
# heartbeat the other side counts as down.
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

wait "paired" {
  until   = "dc1.job.orders.toolkit.state is up and dc2.job.orders.toolkit.state is up and dc1.job.orders.toolkit.replication_age < 60s and dc2.job.orders.toolkit.replication_age < 60s"
  timeout = "3m"
}
