# "delay above H, or loss making M+1 consecutive misses likely": flapping or DOWN.
fault "network_loss" "lossy" {
  depends_on = [wait.paired]
  hosts      = [target.dc1.host.edge]
  from       = target.dc2.networks
  loss       = "90%"
  duration   = "3m"
}

wait "noticed" {
  since   = fault.network_loss.lossy
  until   = "dc1.job.orders.toolkit.remote is down or dc2.job.orders.toolkit.remote is down"
  hold    = "0s"
  timeout = "170s"
}

expect "somebody_is_taken_for_dead" {
  that = "wait.noticed.rto <= 170s"
}
