# "fill the snapshot directory": no DOWN; "Unable to replicate" errors; takeover empty. A file that is there and does not grow
# can be written again into its own blocks; so the state grows as soon as the disk is full.
fault "resource_disk" "full" {
  depends_on = [wait.paired]
  hosts      = [target.dc2.host.edge]
  path       = "/var/lib/orders/snapshots"
  level      = "100%"
  reserve    = "0B"
}

seed "data_exchange" "orders" {
  depends_on = [fault.resource_disk.full]
  job        = job.orders["dc1"]
  target     = target.dc1
  endpoint   = "Orders"
  rate       = 50
  duration   = "100s"
  record = {
    id   = record.id
    text = "a record that keeps a kilobyte of state busy for as long as the slow application holds it"
  }
}

wait "not_stored" {
  depends_on = [fault.resource_disk.full]
  until      = "dc2.job.orders.toolkit.storing is false"
  timeout    = "1m"
}

fault "streams_job" "gone" {
  depends_on = [wait.not_stored, fault.resource_disk.full]
  job        = job.orders["dc1"]
  duration   = "40s"
}

wait "down" {
  depends_on = [fault.streams_job.gone, fault.resource_disk.full]
  until      = "dc2.job.orders.toolkit.state is taken_over"
  timeout    = "38s"
}

expect "nobody_is_taken_for_dead_because_of_it" {
  that = "always dc2.job.orders.toolkit.remote is up and dc1.job.orders.toolkit.remote is up from wait.paired.done to wait.not_stored.done"
}

expect "nothing_is_handed_over" {
  that = "delta(dc2.job.orders.operator['RemoteDCDataMerger'].tuples_out, from wait.paired.done to wait.down.done) == 0"
}
