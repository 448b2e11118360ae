package twin

// served is whether a job serves its clients: the truth that probes are held to. Its endpoints take records while the
// operators of the source and the state run, hung or not; what they take comes out while all three of the application's own
// PEs run and none hangs.
type served struct{ taking, serving bool }

// tellServed says so when it has changed. It is called after whatever may have changed it, without the job's lock.
func (j *job) tellServed() {
	taking := j.working(sourcePE) && j.working(statePE)
	serving := taking && j.responds(sourcePE) && j.responds(statePE) && j.responds(sinkPE)
	j.mu.Lock()
	serving = serving && j.up
	was := j.served
	j.served = served{taking, serving}
	j.mu.Unlock()
	say := func(what string) {
		j.dc.twin.truth.say(fact{What: what, Target: j.dc.cfg.Name, Job: j.spec.Path})
	}
	switch {
	case taking && !was.taking:
		say("endpoint_up")
	case !taking && was.taking:
		say("endpoint_down")
	}
	switch {
	case serving && !was.serving:
		say("service_up")
	case !serving && was.serving:
		say("service_down")
	}
}
