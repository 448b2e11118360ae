# "PE restarted holds the receivers": connections are refused for a few seconds, which counts as missed heartbeats: fewer than are
# forgiven, so that nobody is taken for dead.
action "streams_pe_restart" "receivers" {
  depends_on = [wait.paired]
  job        = job.orders["dc1"]
  operator   = "CrossDataCenterReceiverForHB"
}

wait "heard" {
  depends_on = [action.streams_pe_restart.receivers]
  until      = "dc1.job.orders.operator['CrossDataCenterReceiverForHB'].launches >= 2 and dc1.job.orders.toolkit.heartbeats_in >= 3 and dc1.job.orders.health is healthy for 10s"
  timeout    = "1m"
}

expect "it_was_launched_again" {
  that = "dc1.job.orders.operator['CrossDataCenterReceiverForHB'].launches == 2"
}

expect "nobody_is_taken_for_dead" {
  that = "always dc2.job.orders.toolkit.remote is up and dc1.job.orders.toolkit.remote is up from wait.paired.done"
}
