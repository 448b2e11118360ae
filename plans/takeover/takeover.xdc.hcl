# A partition and the takeover that must follow, for active/active pairs: nothing more. It leaves both sides believing
# the other down; xdc:failback brings them together again.
#
#   module "cut" {
#     source   = "xdc:takeover"
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
  default     = "60s"
  description = "How long the victim is cut off."
}

variable "recovery_objective" {
  type        = string
  default     = "60s"
  description = "How long the takeover may take."
}

fault "network_partition" "cut" {
  hosts    = [var.edge]
  from     = var.survivor.networks
  duration = var.cut_for
}

wait "takeover" {
  since   = fault.network_partition.cut
  until   = "${var.survivor}.${var.app}.toolkit.remote is down and ${var.survivor}.${var.app}.health is healthy"
  timeout = var.cut_for
}

expect "takes_over_in_time" {
  that = "wait.takeover.rto <= ${var.recovery_objective}"
}

output "rto" {
  description = "Recovery time in seconds, as upper bound."
  value       = wait.takeover.rto
}
