# "PE restarted holds RemoteDataCenterWatchdog": it forgets the names: what was stored earlier is not taken over unless it
# is received again. Replication is cut before, so that nothing is.
fault "network_partition" "data" {
  depends_on = [wait.paired]
  hosts      = [target.dc1.host.edge]
  from       = target.dc2.networks
  ports      = [25092]
}

action "streams_pe_restart" "store" {
  depends_on = [fault.network_partition.data]
  job        = job.orders["dc2"]
  operator   = "RemoteDataCenterWatchdog"
}

fault "streams_job" "gone" {
  depends_on = [action.streams_pe_restart.store]
  job        = job.orders["dc1"]
  duration   = "70s"
}

wait "down" {
  depends_on = [fault.streams_job.gone]
  until      = "dc2.job.orders.toolkit.state is taken_over"
  timeout    = "65s"
}

expect "nothing_is_handed_over" {
  that = "delta(dc2.job.orders.operator['RemoteDCDataMerger'].tuples_out, from fault.streams_job.gone.injected to wait.down.done) == 0"
}
