# "drop or reject base port, both directions": mutual DOWN, sticky.
# A refused connection fails at once, so that no stale heartbeat waits in front of a sender.
fault "network_partition" "cut" {
  depends_on = [wait.paired]
  hosts      = [target.dc1.host.edge]
  from       = target.dc2.networks
  ports      = [25091]
  reject     = true
  duration   = "60s"
}

wait "split" {
  since   = fault.network_partition.cut
  until   = "dc1.job.orders.toolkit.state is split_brain and dc2.job.orders.toolkit.state is split_brain"
  timeout = "50s"
}

wait "silent" {
  depends_on = [fault.network_partition.cut.healed]
  until      = "dc1.job.orders.toolkit.mutual_silence and dc2.job.orders.toolkit.mutual_silence"
  timeout    = "1m"
}

wait "a_while" {
  depends_on = [wait.silent]
  until      = "dc1.job.orders.toolkit.mutual_silence for 60s"
  hold       = "1s"
  timeout    = "2m"
}

expect "healing_changes_nothing" {
  that = "always dc1.job.orders.toolkit.remote is down and dc2.job.orders.toolkit.remote is down from wait.silent.done to wait.a_while.done"
}
