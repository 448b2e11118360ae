# An honest failure. Only the replication channel is cut, not the heartbeats: the other side has no reason to
# believe that anything is wrong, and the takeover that this plan waits for never comes. xdc says so: exit code 2,
# and a lower bound of the recovery time that is proven.

plan "takeover_never_comes" {
  description = "Replication is cut but heartbeats are not: there is no takeover, and the plan that waits for one must fail."
  timeout     = "10m"

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
    port               = 25091
  }
}

wait "paired" {
  until   = "dc1.job.orders.toolkit.remote is up and dc2.job.orders.toolkit.remote is up"
  timeout = "2m"
}

fault "network_partition" "replication" {
  depends_on = [wait.paired]
  hosts      = [target.dc1.host.edge]
  from       = target.dc2.networks
  ports      = [25092] # snapshots; heartbeats go to 25091
  duration   = "90s"
}

wait "takeover" {
  since   = fault.network_partition.replication
  until   = "dc2.job.orders.toolkit.remote is down"
  timeout = "80s"
}

expect "takes_over_in_time" {
  that          = "wait.takeover.rto <= 60s"
  error_message = "dc2 did not take over: only replication was cut, and heartbeats kept coming"
}
