# Imported by xdc import from alone.yaml.
#
# Lines with TODO(you) are decisions that no program can make. Read them, correct the plan, and take them out;
# then look at `xdc plan`, `xdc rehearse` and `xdc doctor` before the first `xdc apply`.

plan "alone" {
}

# TODO(you): The network of primary is not known. The config has no fault_injection.network.primary_network.
# The one in the plan is made up. Replace it.
target "primary" {
  networks = ["192.0.2.0/24"]

  streams {
    url = "https://streams.primary.invalid:8443"

    # TODO(you): The config does not name this data centre. Its address is made up.
  }

  # TODO(you): [alone.yaml:3, fault_scenario] No host is configured. The fault acts on hosts of primary, and the
  # config has none under fault_injection.ssh.hosts. The address in the plan is made up. Replace it.
  host "edge" {
    address = "primary-host.invalid"

    # TODO(you): Faults need root. Write become = "sudo" (or "doas"), if the user gets it that way without a
    # password.
  }
}

# TODO(you): The network of secondary is not known. The config has no
# fault_injection.network.secondary_network. The one in the plan is made up. Replace it.
target "secondary" {
  networks = ["198.51.100.0/24"]

  streams {
    url = "https://streams.secondary.invalid:8443"

    # TODO(you): The config does not name this data centre. Its address is made up.
  }
}

# TODO(you): [alone.yaml] The scenario names no bundle. The name in the plan is made up. Replace it.
# TODO(you): Where the application runs. The framework submitted the bundle once. A takeover needs a copy on
# each side, so the plan submits it to both; write adopt = "NAME" in place of bundle where it runs already. If
# both copies need their own parameters, ${each.target.name} tells them apart.
job "app" {
  bundle  = "application.sab"
  targets = [target.primary, target.secondary]

  toolkit {
    # TODO(you): How the toolkit is configured. Neither file says it. 5s and 4 misses are assumed, so that the
    # plan can be rehearsed; nothing is set by it. Write what the application's configuration says
    # (heartbeatExchangeInterval, consecutiveHeartbeatMissesAllowed, dataSnapshotExchangeInterval): predictions,
    # and what a rehearsal shows, rest on it.
    heartbeat_interval = "5s"
    misses_allowed     = 4
  }
}

# Both sides have to know each other before anything is broken, or there is nothing to fail over.
wait "paired" {
  until   = "primary.job.app.toolkit.remote is up and secondary.job.app.toolkit.remote is up"
  timeout = "5m"
}

# TODO(you): [alone.yaml:6, fault_scenario.process_pattern] How many processes match. The fault refuses to
# touch more than one process on a host, unless max_matches allows it. The pattern is an extended regular
# expression.
# TODO(you): [alone.yaml:4, fault_scenario.type] Does this fault cause a takeover. A fault such as
# process_hang need not: heartbeats may get through. The plan waits for a takeover as the framework did; if
# none is meant to come, change wait.takeover and what rests on it.
# TODO(you): [alone.yaml:3, fault_scenario] The fault has no duration_seconds. The plan assumes 30s.
fault "process_hang" "process" {
  hosts      = [target.primary.host.edge]
  pattern    = "java .*orders"
  depends_on = [wait.paired]
  duration   = "30s"
}

# TODO(you): [alone.yaml:5, fault_scenario.terminate_after_continue] Killed after it was let go on. Here it is
# a fault of its own, which kills the process when the first fault has healed. The plan does not expect that
# somebody starts it again.
fault "process_kill" "process_after" {
  hosts      = [target.primary.host.edge]
  pattern    = "java .*orders"
  comes_back = false
  depends_on = [fault.process_hang.process.healed]
  duration   = "10s"
}

# TODO(you): [alone.yaml] There is no objective for recovery. The scenario has no
# expected_recovery_time_seconds. The plan waits five minutes, measures, and expects nothing of the time.
wait "takeover" {
  since   = fault.process_hang.process
  until   = "secondary.job.app.toolkit.remote is down and secondary.job.app.health is healthy"
  timeout = "5m"
}

# What else is to be known about the import.
#
# TODO(you): [alone.yaml] There is no config. Without the framework's config nothing is known about the data
# centres. Their addresses in the plan are made up, in the domain .invalid, and have to be replaced.
