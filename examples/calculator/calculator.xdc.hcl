# The platform's calculator sample. It has two endpoints to put records into, of one operator, and one that results come
# out of. Both are fed at once while the PE with that operator is stopped for a moment: what was taken must come out, once.

plan "calculator" {
  description = "Operands and operations go into two endpoints of one operator. Its PE stops for ten seconds: what was acknowledged must still come out, unharmed and once."
  timeout     = "15m"

  defaults {
    streams {
      instance = "streams1"
      username = "xdc"
      password = var.password
      ca_file  = "ca.pem"
    }
  }
}

variable "password" {
  description = "Password of the Streams user xdc. Rehearsals do not need it."
  type        = string
  sensitive   = true
}

target "dc1" {
  networks = ["10.0.1.0/24"]
  streams {
    url = "https://streams.dc1.example.com:8443"
  }
}

job "calculator" {
  bundle = "CalculatorRESTService.sab"
  target = target.dc1
  twin {
    application = "calculator"
  }
}

seed "data_exchange" "operands" {
  target   = target.dc1
  job      = job.calculator
  endpoint = "IncomingRequest_Operands"
  rate     = 20
  records  = 1200
  batch    = 5
  record = {
    x = record.seq
    y = record::number(0, 1000)
  }
}

# Its endpoint is found by the name of the stream alone.
seed "data_exchange" "operations" {
  target   = target.dc1
  job      = job.calculator
  endpoint = "OperationStream"
  rate     = 1
  records  = 60
  batch    = 1
  record = {
    op = record::choice(["add", "subtract", "divide", "multiply"])
  }
}

# The operation that a result is of is not audited: the order between two endpoints is not defined.
audit "results" {
  seed        = seed.data_exchange.operands
  target      = target.dc1
  endpoint    = "CalculationResult_Results"
  sink_buffer = 50
  key         = "x"
}

fault "streams_pe" "source" {
  job      = job.calculator
  operator = "IncomingRequest"
  when     = "seed.data_exchange.operands.acked >= 400 and seed.data_exchange.operations.acked >= 10"
  duration = "10s"
}

expect "both_endpoints_took_records" {
  that = "seed.data_exchange.operands.acked >= 900 and seed.data_exchange.operations.acked >= 45"
}

expect "results_come_out_once" {
  that = "audit.results.exactly_once is true and audit.results.ordered_by_key is true"
}

expect "operands_are_unharmed" {
  that = "audit.results.corrupted == 0"
}

expect "nothing_is_in_doubt" {
  that = "audit.results.inconclusive == 0"
}
