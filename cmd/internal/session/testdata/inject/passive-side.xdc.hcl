# "passive side took over": dc2 runs nothing but a monitor, which launches the application when dc1 is gone. It reads no snapshots;
# what it had collected is deleted when the application begins.
fault "streams_job" "gone" {
  depends_on = [wait.paired]
  job        = job.orders
  duration   = "60s"
}

wait "launched" {
  since   = fault.streams_job.gone
  until   = "dc2.job.standby.toolkit.takeover is done"
  timeout = "50s"
}

expect "in_time" {
  that = "wait.launched.rto <= 40s"
}

expect "it_is_the_active_one" {
  depends_on = [wait.launched]
  that       = "dc2.job.standby.toolkit.role is active and dc2.job.standby.health is healthy"
}
