# "pause processes (SIGSTOP) beyond the window": DOWN; the paused side is seen to send nothing although it claims to be
# well. When it goes on it has heard nothing for as long as the other side has been silent, and so on as after a cut.
fault "process_hang" "toolkit" {
  depends_on = [wait.paired]
  hosts      = [target.dc1.host.edge]
  operator   = "HeartbeatMessagePreparer"
  job        = job.orders["dc1"]
  duration   = "60s"
}

wait "noticed" {
  since   = fault.process_hang.toolkit
  until   = "dc2.job.orders.toolkit.state is taken_over"
  timeout = "50s"
}

wait "contradiction" {
  depends_on = [fault.process_hang.toolkit]
  until      = "dc1.job.orders.toolkit.state is conflicting"
  timeout    = "50s"
}

expect "in_time" {
  that = "wait.noticed.rto <= 30s"
}
