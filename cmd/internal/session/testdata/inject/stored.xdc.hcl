# The snapshots are in a folder that can be looked into.
job "orders" {
  bundle  = "orders.sab"
  targets = [target.dc1, target.dc2]
  toolkit {
    heartbeat_interval = "2s"
    misses_allowed     = 3
    snapshot_interval  = "6s"
    init_delay         = "5s"
    snapshot_directory = "/var/lib/orders/snapshots"
    config_file        = "/etc/orders/crossdc-config.txt"
    on "dc1" {
      host = target.dc1.host.edge
    }
    on "dc2" {
      host = target.dc2.host.edge
    }
  }
  twin {
    application = "slow"
  }
}
