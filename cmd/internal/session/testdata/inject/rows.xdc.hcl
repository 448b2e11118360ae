# The snapshots are rows of a database.
job "orders" {
  bundle  = "orders.sab"
  targets = [target.dc1, target.dc2]
  toolkit {
    heartbeat_interval = "2s"
    misses_allowed     = 3
    snapshot_interval  = "6s"
    init_delay         = "5s"
  }
  twin {
    snapshots = "row"
  }
}
