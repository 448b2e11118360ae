job "orders" {
  bundle  = "orders.sab"
  targets = [target.dc1, target.dc2]
  toolkit {
    heartbeat_interval = "2s"
    misses_allowed     = 5
    snapshot_interval  = "6s"
    init_delay         = "1s"
  }
  twin {
    fusion = "apart"
  }
}
