package twin

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers/twin/api"
)

// traceDefault is what the platform traces where a submission does not say more (reference: section 10 of the toolkit's): errors. When a
// PE has written more than traceLines, the older half goes, as with files that are rotated. Assumption twin.traces.
const traceDefault api.TraceLevel = "error"

// traceLines is how many lines of a PE are kept.
const traceLines = 10_000

// traceAt is the level that a job's PEs trace at.
func (j *job) traceAt() api.TraceLevel {
	for _, l := range []api.TraceLevel{j.options.tracing, j.spec.Tracing} {
		if l != "" {
			return l
		}
	}
	return traceDefault
}

// traces reports whether lines of a level are written: each level is followed by those that write more.
func (j *job) traces(level string) bool {
	words := j.traceAt().Words()
	at := slices.Index(words, strings.ToLower(level))
	return at >= 0 && at <= slices.Index(words, string(j.traceAt()))
}

// log writes a line of the trace of a PE.
func (j *job) log(pe int, level, aspect, format string, args ...any) {
	if !j.traces(level) {
		return
	}
	line := fmt.Sprintf("%s %s %s _XXXXX_ %s", time.Now().Add(j.dc.cfg.Clock).UTC().Format("02 Jan 2006 15:04:05.000"), level, aspect, fmt.Sprintf(format, args...))
	j.mu.Lock()
	defer j.mu.Unlock()
	if pe < 0 || pe >= len(j.pes) {
		return
	}
	p := j.pes[pe]
	if len(p.trace) >= traceLines {
		p.trace = slices.Clone(p.trace[len(p.trace)/2:])
	}
	p.trace = append(p.trace, line)
}

// holds is the PE that holds a part of the toolkit.
func (j *job) holds(p part) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.IndexFunc(j.pes, func(x *pe) bool { return slices.Contains(x.kit, p) })
}

// traceText is what the operators of a PE have traced.
func (j *job) traceText(pe int) string {
	j.mu.Lock()
	lines := j.pes[pe].trace
	j.mu.Unlock()
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

// aspects are the parts of the toolkit that write lines, by the aspect that stands in them. The application writes the others.
var aspects = map[string]part{
	"HttpBlobSender": sending, "Jetty": receiving, "RemoteDC-Heartbeat-Watchdog": watching, "RemoteDC-Watchdog": storing, "Heartbeat-Message-Preparer": generating,
}

// log writes a line of the toolkit, or of the application about it, into the trace of the PE that has written it. A passive
// monitor has no trace that the platform knows of.
func (k *toolkit) log(level, aspect, format string, args ...any) {
	if k.job == nil {
		return
	}
	pe := statePE
	if p, ok := aspects[aspect]; ok {
		pe = k.job.holds(p)
	}
	k.job.log(pe, level, aspect, format, args...)
}
