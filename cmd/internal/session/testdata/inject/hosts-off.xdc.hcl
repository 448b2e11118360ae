# "power off": as far as the other side can tell. The machines answer nothing, not even with a refusal, and what ran on them
# is gone when they are back.
fault "network_partition" "off" {
  depends_on = [wait.paired]
  hosts      = [target.dc1.host.edge]
  from       = target.dc2.networks
  duration   = "60s"
}

fault "streams_pe" "off" {
  depends_on = [wait.paired]
  job        = job.orders["dc1"]
  duration   = "60s"
}

wait "noticed" {
  since   = fault.streams_pe.off
  until   = "dc2.job.orders.toolkit.state is taken_over"
  timeout = "50s"
}

wait "back" {
  since   = fault.streams_pe.off.healed
  until   = "dc1.job.orders.toolkit.state is up and dc2.job.orders.toolkit.state is up"
  timeout = "2m"
}

expect "in_time" {
  that = "wait.noticed.rto <= 30s"
}
