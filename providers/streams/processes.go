package streams

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// PEProcesses finds the processes of the running PEs of a job that hold an operator; with "" of all its PEs. Faults on
// processes ask for it.
func (s *Session) PEProcesses(ctx context.Context, job, operator string) ([]providers.PEProcess, error) {
	id, _, ok := s.JobAt(job)
	if !ok {
		return nil, fmt.Errorf("find the PEs of %s at %s: it is not known which job of the platform it is, because it has not been submitted, adopted or launched yet", job, s.target)
	}
	i, err := s.inst(ctx)
	if err != nil {
		return nil, err
	}
	pes, err := s.pes(ctx, rest.ID(id))
	if err != nil {
		return nil, err
	}
	w := which{Operator: operator}
	var out []providers.PEProcess
	for _, pe := range pes {
		if pe.Status != "running" || !w.means(pe) {
			continue
		}
		var whole struct {
			ProcessID rest.ID `json:"processId"`
		}
		if err := s.client.Look(ctx, "look at PE "+string(pe.ID), rest.Join(i.PEs, "/"+url.PathEscape(string(pe.ID))), &whole); err != nil {
			return nil, err
		}
		pid, err := strconv.Atoi(string(whole.ProcessID))
		if err != nil || pid <= 1 {
			return nil, fmt.Errorf("find the process of PE %s at %s: the platform states the process id %q", pe.ID, s.target, whole.ProcessID)
		}
		out = append(out, providers.PEProcess{PE: string(pe.ID), PID: pid, Resource: pe.Resource})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("find %s of %s at %s: no running PE is meant; job %s has %s", w.words(), job, s.target, id, listPEs(pes))
	}
	return out, nil
}
