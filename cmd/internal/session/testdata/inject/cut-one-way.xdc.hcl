# "drop base port, one direction": mutual DOWN after up to two windows, sticky.
fault "network_partition" "cut" {
  depends_on = [wait.paired]
  hosts      = [target.dc1.host.edge]
  from       = target.dc2.networks
  direction  = "in"
  ports      = [25091]
  reject     = true
  duration   = "60s"
}

wait "first" {
  since   = fault.network_partition.cut
  until   = "dc1.job.orders.toolkit.remote is down"
  timeout = "30s"
}

wait "both" {
  since   = fault.network_partition.cut
  until   = "dc1.job.orders.toolkit.split_brain and dc2.job.orders.toolkit.split_brain"
  timeout = "55s"
}

wait "silent" {
  depends_on = [fault.network_partition.cut.healed]
  until      = "dc1.job.orders.toolkit.mutual_silence for 30s"
  timeout    = "2m"
}

expect "one_window_after_the_other" {
  that = "wait.both.rto <= 40s"
}

expect "healing_changes_nothing" {
  that = "always dc1.job.orders.toolkit.remote is down and dc2.job.orders.toolkit.remote is down from wait.both.done to wait.silent.done"
}
