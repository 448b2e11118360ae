# "drop only base+1..": no DOWN; snapshots stale.
fault "network_partition" "cut" {
  depends_on = [wait.paired]
  hosts      = [target.dc1.host.edge]
  from       = target.dc2.networks
  ports      = [25092]
  duration   = "60s"
}

wait "stale" {
  since   = fault.network_partition.cut
  until   = "dc1.job.orders.toolkit.replication_age > 30s and dc2.job.orders.toolkit.replication_age > 30s"
  timeout = "55s"
}

wait "fresh_again" {
  since   = fault.network_partition.cut.healed
  until   = "dc1.job.orders.toolkit.replication_age < 20s and dc2.job.orders.toolkit.replication_age < 20s"
  timeout = "2m"
}

expect "nobody_is_taken_for_dead" {
  that = "always dc1.job.orders.toolkit.state is up and dc2.job.orders.toolkit.state is up from wait.paired.done"
}
