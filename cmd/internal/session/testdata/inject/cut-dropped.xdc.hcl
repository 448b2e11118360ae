# The same cut, but connections run into nothing instead of being refused: each attempt takes 25 s, heartbeats queue in front
# of the sender, and a stale one that arrives after the heal brings both sides together again.
fault "network_partition" "cut" {
  depends_on = [wait.paired]
  hosts      = [target.dc1.host.edge]
  from       = target.dc2.networks
  ports      = [25091]
  duration   = "60s"
}

wait "split" {
  since   = fault.network_partition.cut
  until   = "dc1.job.orders.toolkit.split_brain and dc2.job.orders.toolkit.split_brain"
  timeout = "50s"
}

wait "together_again" {
  since   = fault.network_partition.cut.healed
  until   = "dc1.job.orders.toolkit.state is up and dc2.job.orders.toolkit.state is up"
  timeout = "90s"
}

# Both believe the other down and nothing arrives, but what waits to be sent will end that: the silence is not for good.
expect "not_for_good" {
  that = "never dc1.job.orders.toolkit.mutual_silence or dc2.job.orders.toolkit.mutual_silence from fault.network_partition.cut.injected to wait.together_again.done"
}
