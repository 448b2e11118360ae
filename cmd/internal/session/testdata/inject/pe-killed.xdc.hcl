# "kill one PE (auto-restarted)": usually no DOWN.
fault "process_kill" "state" {
  depends_on = [wait.paired]
  hosts      = [target.dc1.host.edge]
  operator   = "KeyedCounter"
  job        = job.orders["dc1"]
}

wait "restarted" {
  depends_on = [fault.process_kill.state]
  until      = "dc1.job.orders.operator['KeyedCounter'].launches >= 2 and dc1.job.orders.health is healthy"
  timeout    = "1m"
}

wait "a_while" {
  depends_on = [wait.restarted]
  until      = "time(run.started) < 0s or dc2.job.orders.toolkit.remote is up for 20s"
  timeout    = "1m"
}

expect "nobody_is_taken_for_dead" {
  that = "always dc2.job.orders.toolkit.remote is up and dc1.job.orders.toolkit.remote is up from wait.paired.done"
}
