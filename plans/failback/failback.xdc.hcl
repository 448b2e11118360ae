# Failover and failback in one direction, for active/active pairs. The victim is cut off from the survivor, which must
# take over; after the heal the victim's application is restarted, and both must find each other again.
#
#   module "drill" {
#     source   = "xdc:failback"
#     victim   = target.dc1
#     survivor = target.dc2
#     edge     = target.dc1.host.edge
#     app      = job.orders
#   }

variable "victim" {
  type        = target
  description = "The data centre that is cut off."
}

variable "survivor" {
  type        = target
  description = "The data centre that must take over."
}

variable "edge" {
  type        = host
  description = "The host of the victim at which its traffic to the survivor is cut."
}

variable "app" {
  type        = job
  description = "The application, running in both."
}

variable "cut_for" {
  type        = string
  default     = "45s"
  description = "How long the victim is cut off. Longer than the detection window, or nothing is noticed."
}

variable "recovery_objective" {
  type        = string
  default     = "35s"
  description = "How long the takeover may take."
}

fault "network_partition" "cut" {
  hosts    = [var.edge]
  from     = var.survivor.networks
  duration = var.cut_for
}

wait "takeover" {
  since   = fault.network_partition.cut
  until   = "${var.survivor}.${var.app}.toolkit.remote is down"
  timeout = var.cut_for
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
  that = "wait.takeover.rto <= ${var.recovery_objective}"
}

expect "comes_back" {
  condition = !wait.together.timed_out
}

output "rto" {
  value = wait.takeover.rto
}
