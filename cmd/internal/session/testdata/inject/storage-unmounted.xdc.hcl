# "unmount the snapshot directory": no DOWN; "Unable to replicate" errors; takeover empty.
wait "stored" {
  depends_on = [wait.paired]
  until      = "dc2.job.orders.toolkit.snapshots >= 1"
  timeout    = "1m"
}

fault "resource_unmount" "gone" {
  depends_on = [wait.stored]
  hosts      = [target.dc2.host.edge]
  path       = "/var/lib/orders/snapshots"
}

wait "stale" {
  depends_on = [fault.resource_unmount.gone]
  until      = "dc2.job.orders.toolkit.replication_age > 20s"
  timeout    = "1m"
}

fault "streams_job" "gone" {
  depends_on = [wait.stale, fault.resource_unmount.gone]
  job        = job.orders["dc1"]
  duration   = "70s"
}

wait "down" {
  depends_on = [fault.streams_job.gone, fault.resource_unmount.gone]
  until      = "dc2.job.orders.toolkit.state is taken_over"
  timeout    = "65s"
}

expect "nobody_is_taken_for_dead_because_of_it" {
  that = "always dc2.job.orders.toolkit.remote is up and dc1.job.orders.toolkit.remote is up from wait.paired.done to wait.stale.done"
}

expect "nothing_is_handed_over" {
  that = "delta(dc2.job.orders.operator['RemoteDCDataMerger'].tuples_out, from wait.paired.done to wait.down.done) == 0"
}
