package twin

import "github.com/xdc-project/xdc/providers"

// Assumptions are what the twin takes for granted about the platform that no public source confirms. A user with a
// real installation can check them line by line.
func Assumptions() []providers.Assumption {
	return []providers.Assumption{
		{ID: "twin.metrics", Statement: "The platform collects metrics every 3 seconds; a value may be that old when it is read.", Basis: "Metrics are collected at intervals; the interval is not documented."},
		{ID: "twin.toolkit", Statement: "Toolkit 2.0.0 behaves like 1.0.1: the tick-driven watchdog, silence after DOWN, snapshots counted by heartbeats, plain HTTP without retry.", Basis: "The source of 1.0.1; the documentation of 2.0.0 describes the same composite, keys and messages."},
		{ID: "twin.operators", Statement: "A running job names the toolkit's operators CrossDCFailover.NAME, and the receivers have one output port each.", Basis: "SPL naming and the URL paths in the source."},
		{ID: "twin.ticks", Statement: "The Beacon ticks at a fixed rate from the end of the initial delay.", Basis: "Not documented whether the rate or the delay is fixed."},
		{ID: "twin.pes", Statement: "Sources, state, sinks and the toolkit are in PEs of their own.", Basis: "The default fusion is not documented."},
		{ID: "twin.disk", Statement: "The folder of the snapshots, and what is above it, is on one file system of 1 GiB in blocks of 4 KiB that all hosts of a target share. A file is truncated before it is written, so that on a full one it can be written again as long as it fits into its own blocks; when it does not fit it is gone.", Basis: "Writing in place and removing what could not be written whole are in the source of 1.0.1; shared folders are a requirement of its documentation. When a file system gives truncated blocks to others differs."},
		{ID: "twin.database", Statement: "A toolkit that has lost its database drops rows with an error line, and connects again at the next of its looks, which come every 5 seconds. While the database's process is stopped, statements wait.", Basis: "The source of 1.0.1; how a driver behaves towards a server that does not answer depends on its settings."},
		{ID: "twin.crash", Statement: "A PE whose process ends by itself is down with the reason crash, and the platform starts it again by itself within about three seconds. One that was stopped by request stays down.", Basis: "PEs have launchCount, which counts automatic launches, and restartable; how soon, and that it is so by default, is not in a public source."},
		{ID: "twin.hung", Statement: "A PE whose process is stopped (SIGSTOP) stays running and healthy for the platform; its peers wait for it.", Basis: "No public source says that the platform asks PEs for signs of life."},
		{ID: "twin.restart", Statement: "Jobs are not submitted again when an instance is started after a stop.", Basis: "Jobs stay until they are cancelled or the instance stops."},
		{ID: "data.listing", Statement: "The data service lists jobs as objects with id, name, inject and inspect; each endpoint has name and uri.", Basis: "That there is such a listing is documented; its property names are not."},
		{ID: "data.discovery", Statement: "The data service is among the instance's active services, with type data and a connectionUrl.", Basis: "Services have connectionUrl in 4.x; that the data service has one is a guess."},
		{ID: "data.boundary", Statement: "If-Modified-Since-Milliseconds includes its own millisecond, so that tuples at the boundary may come twice.", Basis: "Whether the comparison is > or >= is not documented; a client must cope with both."},
		{ID: "data.warning", Statement: "A gap is told by a property `warning` in the body and a Warning header.", Basis: "That a warning is given is documented; its form is not."},
		{ID: "data.websocket", Statement: "Each endpoint has a WebSocket URI beside the HTTP one, as websocketUri. Messages are text, {\"items\": [...]}, both ways, without acknowledgements. The service reads on only when the buffer has taken a message whole, and answers a ping after that; who connects to a sink first gets its buffer; a ping to a sink is answered after what had come by then. It closes with 1001 when the job or the operator goes.", Basis: "That there are WebSocket endpoints is documented, nothing more."},
		{ID: "data.buffers", Statement: "A sink's buffer lives in its PE: a restart of the PE or the job empties it.", Basis: "Buffers are not part of checkpoints; where they live is not documented."},
	}
}
