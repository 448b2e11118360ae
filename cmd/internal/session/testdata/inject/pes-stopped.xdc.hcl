# "kill all PEs without restart": DOWN at the other side within the window; it takes over what was replicated.
fault "streams_pe" "all" {
  depends_on = [wait.paired]
  job        = job.orders["dc1"]
  duration   = "60s"
}

wait "noticed" {
  since   = fault.streams_pe.all
  until   = "dc2.job.orders.toolkit.state is taken_over"
  timeout = "50s"
}

wait "back" {
  since   = fault.streams_pe.all.healed
  until   = "dc1.job.orders.toolkit.state is up and dc2.job.orders.toolkit.state is up"
  timeout = "2m"
}

expect "in_time" {
  that = "wait.noticed.rto <= 30s"
}

expect "never_two_at_once" {
  that = "never dc2.job.orders.toolkit.split_brain"
}
