# "stop the instance": DOWN at the other side within the window.
fault "streams_instance" "off" {
  depends_on = [wait.paired]
  target     = target.dc1
  duration   = "60s"
}

wait "noticed" {
  since   = fault.streams_instance.off
  until   = "dc2.job.orders.toolkit.state is taken_over"
  timeout = "50s"
}

expect "in_time" {
  that = "wait.noticed.rto <= 30s"
}
