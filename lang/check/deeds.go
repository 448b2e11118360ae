package check

import (
	"fmt"
	"maps"

	"github.com/hashicorp/hcl/v2"

	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/value"
)

// fault evaluates a fault.
func (s *scope) fault(in *instance, st *program.Step, content *config.Content) {
	st.Fault = &program.Fault{}
	core := &in.block.schema.core
	own := &config.Content{Attrs: content.Attrs, Missing: content.Missing}
	var stages []*config.Child
	for _, ch := range content.Blocks {
		if ch.Type == "stage" {
			stages = append(stages, ch)
		} else {
			own.Blocks = append(own.Blocks, ch)
		}
	}
	b := s.bag(&config.Content{Attrs: content.Attrs, Missing: content.Missing}, core, bagOptions{})
	st.Fault.Duration = b.dur("duration")
	ok := b.ok
	if a := content.Attrs["duration"]; a != nil && b.ok && b.has("duration") && st.Fault.Duration == 0 {
		s.report(diag.Diagnostic{
			Code: diag.OutOfRange, Subject: a.Expr.Range().Ptr(), Summary: "duration is zero",
			Detail: "A fault that lasts no time does nothing. Without duration it lasts until the steps that depend on it are finished.",
		})
		ok = false
	}
	pb := s.provided(st, own, bagOptions{})
	s.refer(in, content, pb, core)
	ok = s.faultStages(st, own, stages, content) && ok
	in.broken = in.broken || !ok
}

// faultStages evaluates stage blocks: each has all of the fault's arguments, with its own put over them.
func (s *scope) faultStages(st *program.Step, own *config.Content, stages []*config.Child, content *config.Content) bool {
	if len(stages) == 0 {
		return true
	}
	blk := s.self.block.schema.provider
	nested, _ := s.self.block.schema.core.Nested("stage")
	times := nested.Block
	times.AnyAttribute = false
	ok := true
	var sum value.Duration
	for _, ch := range stages {
		b := s.bag(ch.Content, &times, bagOptions{})
		merged := &config.Content{Attrs: maps.Clone(own.Attrs), Blocks: own.Blocks, Missing: own.Missing}
		for n, a := range ch.Content.Attrs {
			if n != "duration" && n != "ramp" {
				merged.Attrs[n] = a
			}
		}
		args := s.bag(merged, blk, bagOptions{slot: st.Addr.String()})
		inferTarget(args, blk)
		if !b.ok || !args.ok {
			ok = false
			continue
		}
		d := b.dur("duration")
		if d == 0 {
			ok = s.emptyStage(kid{rng: ch.Range})
		}
		sum += d
		st.Fault.Stages = append(st.Fault.Stages, program.FaultStage{Duration: d, Ramp: b.flag("ramp"), Args: args.json(blk)})
	}
	if a := content.Attrs["duration"]; ok && a != nil && st.Fault.Duration != sum {
		return s.stageSum(a, st.Fault.Duration, sum)
	}
	if ok {
		st.Fault.Duration = sum
	}
	return ok
}

// action evaluates an action.
func (s *scope) action(in *instance, st *program.Step, content *config.Content) {
	st.Action = &program.Action{}
	core := &in.block.schema.core
	if in.block.schema.provider == nil {
		b := s.bag(content, core, bagOptions{})
		st.Action.Approve = &program.Approve{Prompt: b.str("prompt"), Default: b.str("default")}
		in.broken = in.broken || !b.ok
		s.refer(in, content, b, core)
		return
	}
	pb := s.provided(st, content, bagOptions{})
	s.refer(in, content, pb, core)
}

// coverHold checks that a timeout leaves room for hold.
func (s *scope) coverHold(st *program.Step, timeout *hcl.Attribute) bool {
	if timeout == nil || st.Timeout >= st.Wait.Hold {
		return true
	}
	s.report(diag.Diagnostic{
		Code: diag.TimeoutTooShort, Subject: timeout.Expr.Range().Ptr(), Summary: "timeout does not cover hold",
		Detail: fmt.Sprintf("The condition must hold for %s, and the wait gives up after %s, so that it can never succeed. Make timeout longer than hold.", st.Wait.Hold, st.Timeout),
	})
	return false
}
