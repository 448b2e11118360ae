# "PE restarted holds the sender": it forgets the machine that answered last, and is otherwise harmless.
action "streams_pe_restart" "sender" {
  depends_on = [wait.paired]
  job        = job.orders["dc1"]
  operator   = "CrossDataCenterSender1"
}

wait "sends" {
  depends_on = [action.streams_pe_restart.sender]
  until      = "dc1.job.orders.operator['CrossDataCenterSender1'].launches >= 2 and dc1.job.orders.toolkit.heartbeats_out >= 3 and dc1.job.orders.health is healthy for 10s"
  timeout    = "1m"
}

expect "state_still_arrives" {
  depends_on = [wait.sends]
  that       = "dc2.job.orders.toolkit.replication_age < 30s"
}

expect "nobody_is_taken_for_dead" {
  that = "always dc2.job.orders.toolkit.remote is up and dc1.job.orders.toolkit.remote is up from wait.paired.done"
}
