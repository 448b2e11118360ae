# "OrderlyShutdown via the application's own channel": planned stop: DOWN but no takeover data.
action "toolkit_message" "stop" {
  depends_on = [wait.paired]
  job        = job.orders["dc1"]
  message    = "OrderlyShutdown"
  address    = "10.0.1.10:23145"
}

wait "known" {
  depends_on = [action.toolkit_message.stop]
  until      = "dc1.job.orders.toolkit.state is orderly_shutdown"
  timeout    = "1m"
}

wait "down" {
  depends_on = [action.toolkit_message.stop]
  until      = "dc2.job.orders.toolkit.state is taken_over"
  timeout    = "1m"
}

expect "not_at_once" {
  that = "always dc2.job.orders.toolkit.remote is up from action.toolkit_message.stop.started within 2s"
}

expect "nothing_is_handed_over" {
  that = "delta(dc2.job.orders.operator['RemoteDCDataMerger'].tuples_out, from wait.paired.done to wait.down.done) == 0"
}
