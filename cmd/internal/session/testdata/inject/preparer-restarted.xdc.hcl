# "PE restarted holds HeartbeatMessagePreparer": what is stored of the other side is deleted; heartbeats go out, snapshots
# stop until the next transition.
action "streams_pe_restart" "preparer" {
  depends_on = [wait.paired]
  job        = job.orders["dc1"]
  operator   = "HeartbeatMessagePreparer"
}

wait "stale" {
  depends_on = [action.streams_pe_restart.preparer]
  until      = "dc2.job.orders.toolkit.replication_age > 60s"
  timeout    = "3m"
}

expect "heartbeats_go_out" {
  that = "delta(dc1.job.orders.toolkit.heartbeats_out, from action.streams_pe_restart.preparer.done to wait.stale.done) >= 20"
}
