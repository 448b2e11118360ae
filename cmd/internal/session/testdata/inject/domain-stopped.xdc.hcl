# "stop the domain": the management API goes with it; DOWN at the other side within the window.
fault "streams_domain" "off" {
  depends_on = [wait.paired]
  target     = target.dc1
  host       = target.dc1.host.edge
  duration   = "60s"
}

wait "noticed" {
  since   = fault.streams_domain.off
  until   = "dc2.job.orders.toolkit.state is taken_over"
  timeout = "50s"
}

wait "back" {
  since   = fault.streams_domain.off.healed
  until   = "dc1.job.orders.toolkit.state is up and dc2.job.orders.toolkit.state is up"
  timeout = "2m"
}

expect "in_time" {
  that = "wait.noticed.rto <= 30s"
}

# Nothing is taken for down because it cannot be looked at.
expect "nobody_answers" {
  that = "eventually dc1.reachable is false from fault.streams_domain.off.injected to fault.streams_domain.off.healed"
}
