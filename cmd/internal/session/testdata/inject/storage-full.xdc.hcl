# "fill the snapshot directory": no DOWN; "Unable to replicate" errors; takeover empty. It is full before the first snapshot
# comes: a file that is there already and does not grow can be written again into its own blocks.
fault "resource_disk" "full" {
  hosts   = [target.dc2.host.edge]
  path    = "/var/lib/orders/snapshots"
  level   = "100%"
  reserve = "0B"
}

wait "a_while" {
  depends_on = [wait.paired, fault.resource_disk.full]
  until      = "dc2.job.orders.toolkit.remote is up for 30s"
  timeout    = "1m"
}

fault "streams_job" "gone" {
  depends_on = [wait.a_while, fault.resource_disk.full]
  job        = job.orders["dc1"]
  duration   = "70s"
}

wait "down" {
  depends_on = [fault.streams_job.gone, fault.resource_disk.full]
  until      = "dc2.job.orders.toolkit.state is taken_over"
  timeout    = "65s"
}

expect "nobody_is_taken_for_dead_because_of_it" {
  that = "always dc2.job.orders.toolkit.remote is up and dc1.job.orders.toolkit.remote is up from wait.paired.done to wait.a_while.done"
}

expect "nothing_is_handed_over" {
  that = "delta(dc2.job.orders.operator['RemoteDCDataMerger'].tuples_out, from wait.paired.done to wait.down.done) == 0"
}
