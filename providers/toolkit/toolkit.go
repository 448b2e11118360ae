// Package toolkit says what the cross data center failover toolkit inside an application does and believes.
//
// The toolkit has no API: it can be neither asked nor commanded. What this package says is inferred from what
// providers/streams observes (operator metrics, job health), each conclusion with its evidence; and predicted, from
// what the plan says about its configuration, by the arithmetic of its two state machines.
package toolkit

import (
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

// Name is the provider's name.
const Name = "toolkit"

// The words of the inferred states.
const (
	remoteNever, remoteUp, remoteDown           = "never", "up", "down"
	roleActive, rolePassive                     = "active", "passive"
	takeoverNone, takeoverRunning, takeoverDone = "none", "running", "done"
)

var (
	remoteWords   = &signal.Enum{Name: "remote", Values: []string{remoteNever, remoteUp, remoteDown}}
	roleWords     = &signal.Enum{Name: "role", Values: []string{roleActive, rolePassive}}
	stateWords    = &signal.Enum{Name: "toolkit state", Values: []string{stateNever, stateUp, stateDown, stateTakingOver, stateTakenOver, stateShutDown, stateSplitBrain, stateSilence, stateConflicting}}
	takeoverWords = &signal.Enum{Name: "takeover", Values: []string{takeoverNone, takeoverRunning, takeoverDone}}
)

// Provider describes everything this package does.
func Provider() *providers.Provider {
	return &providers.Provider{
		Name: Name,
		Doc: "Infers the state of the cross data center failover toolkit inside an application from the metrics of its operators, and predicts when it must notice a fault. " +
			"The toolkit has no API, so that nothing is asked or commanded. Each side is looked at by itself, and then both together.",
		Signals:     signals(),
		Wanted:      wanted,
		Connect:     connect,
		Infer:       func(target string, jobs []providers.JobInfo) providers.Inference { return newInference(target, jobs) },
		Overview:    func(jobs []providers.JobInfo) providers.Inference { return newOverview(jobs) },
		Predict:     Predict,
		Actions:     []providers.ActionType{messageAction()},
		Assumptions: assumptions(),
	}
}

func signals() []schema.Signal {
	enum := func(e *signal.Enum) signal.Type { return signal.Type{Kind: signal.EnumKind, Enum: e} }
	number := signal.Type{Kind: signal.Number}
	return []schema.Signal{
		{Path: "job.*.toolkit.remote", Type: enum(remoteWords), Description: "What this side believes about the other: `never` heard of since its own start, `up`, or `down`. From the number of status tuples: none, odd, even."},
		{Path: "job.*.toolkit.role", Type: enum(roleWords), Description: "Whether this side processes data (`active`) or only watches (`passive`). A launched copy is active once it runs; a job that is gone processes nothing and counts as passive."},
		{Path: "job.*.toolkit.takeover", Type: enum(takeoverWords), Description: "Whether this side has taken over from the other since it believes it down: `none` while it does not, `running` while replicated state is being handed to the application, `done` when it has been, or when there was none to hand over. A launched copy is done once it runs and is healthy."},
		{Path: "job.*.toolkit.replication_age", Type: signal.Type{Kind: signal.Duration}, Description: "How long ago replicated state of the other side was last stored here, where its files can be seen; else, how long ago it last arrived. With bounds. Of several pieces the oldest counts. Unknown until the first."},
		{Path: "job.*.toolkit.storing", Type: signal.Type{Kind: signal.Bool}, Description: "Whether what arrives of the other side's state is stored: false when pieces arrive and no file is written. It takes `snapshot_directory` and `host` in `toolkit {}`."},
		{Path: "job.*.toolkit.snapshots", Type: number, Description: "Files with the other side's state in `snapshot_directory`, as they are seen on `host`."},
		{Path: "job.*.toolkit.snapshot[*].age", Type: signal.Type{Kind: signal.Duration}, Description: "How long ago the file of this name was written, by the clock of the host, with bounds."},
		{Path: "job.*.toolkit.snapshot[*].size", Type: number, Description: "Its size in bytes."},
		{Path: "job.*.toolkit.said", Type: enum(remoteWords), Description: "What the last line about the other side in the traces says, `up` or `down`: the application's own words. It takes `traces` in `toolkit {}`."},
		{Path: "job.*.toolkit.line[*]", Type: number, Description: "Lines of one kind that have come into the traces since the run began: `up`, `down`, `taking_over`, `taken_over` (the application's), `shutdown_sent`, `shutdown_received`, `not_stored`, `stored`, `unreadable`, `returned`, `send_failed`, `refused` (the toolkit's). It takes `traces` in `toolkit {}`."},
		{Path: "job.*.toolkit.queued", Type: number, Description: "Heartbeats that wait in front of the sender: a link that is slow or swallows them holds them up, and the stale ones go out when it heals."},
		{Path: "job.*.toolkit.http_errors", Type: number, Description: "Answers of the other side that were no success, since the PEs of the senders were launched. A refused connection, and silence, are no answers."},
		{Path: "job.*.toolkit.state", Type: enum(stateWords), Description: "What is known of this side, in a word: `never_contacted`, `up` and `down` are its belief about the other; `taking_over` and `taken_over` say how far it got then; `orderly_shutdown`, that it has told the other that it stops; `split_brain` and `mutual_silence` hold for both sides together; `conflicting`, that the evidence does not fit together. The sample's evidence says what it rests on."},
		{Path: "job.*.toolkit.split_brain", Type: signal.Type{Kind: signal.Bool}, Description: "Whether both sides believe the other down while both are active and healthy: two copies process data, and nothing brings them together again."},
		{Path: "job.*.toolkit.mutual_silence", Type: signal.Type{Kind: signal.Bool}, Description: "Whether both sides have fallen silent because neither hears the other. Only a restart of one side ends it, also where the network is whole."},
		{Path: "job.*.toolkit.conflict", Type: signal.Type{Kind: signal.Bool}, Description: "Whether what is seen of this side contradicts itself: the count of status tuples says one thing and its heartbeats another, as after a restart of one PE of the toolkit alone."},
		{Path: "job.*.toolkit.notices_sent", Type: number, Description: "Special messages that this side has prepared for the other since the PE was launched: notices of an orderly shutdown, and snapshots given back."},
		{Path: "job.*.toolkit.heartbeats_prepared", Type: number, Description: "Heartbeats that this side has made since the PE was launched. It makes none while it believes the other side down; what is made and cannot be sent waits, or is dropped."},
		{Path: "job.*.toolkit.heartbeats_in", Type: number, Description: "Heartbeats received since the PE was launched."},
		{Path: "job.*.toolkit.heartbeats_out", Type: number, Description: "Heartbeats that this side tried to send since the PE was launched. It stops sending while it believes the other side down."},
	}
}

func assumptions() []providers.Assumption {
	return []providers.Assumption{
		{ID: "toolkit.version", Statement: "Version 2.0.0 of the toolkit behaves as version 1.0.1 does: the state machines, the silence after DOWN, the effective snapshot period.", Basis: "The source of 1.0.1 and the documentation of 2.0.0, which describes the same composite, keys and messages."},
		{ID: "toolkit.detection", Statement: "With an interval H and M misses allowed, DOWN comes later than (M - 1) x H and no later than (M + 1) x H after the last heartbeat that arrived.", Basis: "Derived from the source of 1.0.1, in which heartbeats and ticks are counted, and compared with a simulation of both machines."},
		{ID: "toolkit.ports", Statement: "The heartbeats' receiver listens at `port`, and those of state at the `pairs` ports above it, the nth of one side with the nth of the other.", Basis: "Derived from the source of 1.0.1."},
		{ID: "toolkit.names", Statement: "The composite's operators keep their names as the last component of the operator names that the REST API shows.", Basis: "How SPL names operators inside composites; not seen on a live 7.2 system."},
		{ID: "toolkit.parity", Statement: "Output 0 of RemoteDataCenterHeartbeatWatchdog carries one tuple for each transition, UP first: an odd count means up, an even one above zero down.", Basis: "The source of 1.0.1."},
		{ID: "toolkit.lines", Statement: "The lines that the toolkit and its samples write have the fixed parts that the documentation of 1.0.1 and its source show, in 2.0.0 too; its own operators mark theirs with _XXXXX_.", Basis: "The source of 1.0.1. What an application writes is its own affair: the plan can say so with line_up and the like."},
		{ID: "toolkit.application_configuration", Statement: "The instance lists its application configurations (`applicationConfigurations`, else `applicationconfigurations` below it); in CrossDCFailover the keys of an application begin with its main composite and its namespace, and values count as they are, with = and blanks in them.", Basis: "Keys: the toolkit's documentation. The list: an API of releases 5.x. How values are taken is inferred."},
		{ID: "toolkit.nothing_to_take", Statement: "A side that believes the other down and hands nothing to its application within 30 seconds has nothing to hand over.", Basis: "Takeover reads local files or rows at once; an orderly shutdown leaves none."},
	}
}
