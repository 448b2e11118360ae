# "PE restarted holds RemoteDataCenterHeartbeatWatchdog": active resets; the next heartbeat emits a second UP.
action "streams_pe_restart" "watchdog" {
  depends_on = [wait.paired]
  job        = job.orders["dc1"]
  operator   = "RemoteDataCenterHeartbeatWatchdog"
}

wait "again" {
  depends_on = [action.streams_pe_restart.watchdog]
  until      = "dc1.job.orders.toolkit.remote is up for 20s"
  timeout    = "1m"
}

expect "the_other_side_notices_nothing" {
  that = "always dc2.job.orders.toolkit.remote is up from wait.paired.done"
}
