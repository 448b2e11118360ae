# The traces are read: the toolkit's own lines, and those of the application, stand beside what the metrics say.
job "orders" {
  bundle      = "orders.sab"
  targets     = [target.dc1, target.dc2]
  trace_level = "info"
  toolkit {
    heartbeat_interval = "2s"
    misses_allowed     = 3
    snapshot_interval  = "6s"
    init_delay         = "5s"
    traces             = true
    snapshot_directory = "/var/lib/orders/snapshots"
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
