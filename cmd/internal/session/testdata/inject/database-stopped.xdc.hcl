# "stop the database": rows are dropped silently except for error lines; takeover empty.
fault "process_kill" "database" {
  depends_on = [wait.paired]
  hosts      = [target.dc2.host.edge]
  name       = "db2sysc"
  comes_back = false
}

wait "a_while" {
  depends_on = [fault.process_kill.database]
  until      = "time(fault.process_kill.database.injected) >= 0s and dc2.job.orders.toolkit.remote is up for 30s"
  timeout    = "1m"
}

fault "streams_job" "gone" {
  depends_on = [wait.a_while]
  job        = job.orders["dc1"]
  duration   = "70s"
}

wait "down" {
  depends_on = [fault.streams_job.gone]
  until      = "dc2.job.orders.toolkit.state is taken_over"
  timeout    = "65s"
}

expect "nobody_is_taken_for_dead_because_of_it" {
  that = "always dc2.job.orders.toolkit.remote is up and dc1.job.orders.toolkit.remote is up from wait.paired.done to wait.a_while.done"
}

expect "nothing_is_handed_over" {
  that = "delta(dc2.job.orders.operator['RemoteDCDataMerger'].tuples_out, from wait.paired.done to wait.down.done) == 0"
}
