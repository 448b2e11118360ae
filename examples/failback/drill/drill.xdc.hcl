# One direction of a failover and failback drill. The victim is cut off; the survivor must take over. After the
# heal both sides are silent, each believing the other dead, until one application is restarted.

variable "victim" {
  type = target
}

variable "survivor" {
  type = target
}

variable "edge" {
  type        = host
  description = "The host of the victim at which its traffic to the survivor is cut."
}

variable "app" {
  type = job
}

fault "network_partition" "cut" {
  hosts    = [var.edge]
  from     = var.survivor.networks
  duration = "45s"
}

wait "takeover" {
  since   = fault.network_partition.cut
  until   = "${var.survivor}.${var.app}.toolkit.remote is down"
  timeout = "40s"
}

# Healing the link does not bring them together again: after a mutual DOWN both fall silent. One side's
# application is restarted, as an operator would.
action "streams_job_restart" "victim" {
  depends_on = [fault.network_partition.cut.healed]
  target     = var.victim
  job        = var.app
  timeout    = "2m"
}

wait "together" {
  depends_on = [action.streams_job_restart.victim]
  until      = "${var.victim}.${var.app}.toolkit.remote is up and ${var.survivor}.${var.app}.toolkit.remote is up"
  hold       = "10s"
  timeout    = "3m"
}

expect "takes_over_in_time" {
  that = "wait.takeover.rto <= 35s"
}

expect "comes_back" {
  condition = !wait.together.timed_out
}

output "rto" {
  value = wait.takeover.rto
}
