# "delay above H": each heartbeat takes longer than the interval, so that they queue in front of the sender, and come ever
# later. The stale ones that wait there bring both sides together again after the heal.
fault "network_latency" "slow" {
  depends_on = [wait.paired]
  hosts      = [target.dc1.host.edge]
  from       = target.dc2.networks
  ports      = [25091]
  latency    = "5s"
  duration   = "90s"
}

wait "noticed" {
  since   = fault.network_latency.slow
  until   = "dc1.job.orders.toolkit.remote is down and dc2.job.orders.toolkit.remote is down"
  hold    = "0s"
  timeout = "80s"
}

wait "queued" {
  depends_on = [wait.paired]
  until      = "dc1.job.orders.toolkit.queued >= 3 and dc2.job.orders.toolkit.queued >= 3"
  hold       = "0s"
  timeout    = "80s"
}

wait "together_again" {
  since   = fault.network_latency.slow.healed
  until   = "dc1.job.orders.toolkit.state is up and dc2.job.orders.toolkit.state is up"
  timeout = "90s"
}
