package toolkit

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"

	"github.com/xdc-project/xdc/providers"
)

// Line is what a line in a trace says (the toolkit reference's section 10). Assumption toolkit.lines.
type Line string

// The lines. The first four are the application's: the toolkit itself writes nothing when its belief changes.
const (
	LineUp           Line = "up"                // the other side has come up
	LineDown         Line = "down"              // the other side has gone down
	LineTakingOver   Line = "taking_over"       // replicated state is being handed over
	LineTakenOver    Line = "taken_over"        // it has been
	LineShutDown     Line = "shutdown_sent"     // an orderly shutdown was told to the other side
	LineToldShutDown Line = "shutdown_received" // the other side has told one
	LineNotStored    Line = "not_stored"        // a snapshot could not be stored
	LineStored       Line = "stored"            // a snapshot was stored
	LineUnreadable   Line = "unreadable"        // a takeover could not read a snapshot
	LineReturned     Line = "returned"          // snapshots were given back to the other side
	LineSendFailed   Line = "send_failed"       // the other side was not reached
	LineRefused      Line = "refused"           // it answered with no success
)

// Lines lists them. What was not stored comes before what was.
func Lines() []Line {
	return []Line{LineUp, LineDown, LineTakingOver, LineTakenOver, LineShutDown, LineToldShutDown, LineNotStored, LineStored, LineUnreadable, LineReturned, LineSendFailed, LineRefused}
}

// marker stands in every line that the toolkit's own operators trace.
const marker = "_XXXXX_"

// fixed are the parts of the toolkit's own lines that are always the same. Those of its Java code may be without the marker.
var fixed = []struct {
	line   Line
	text   []byte
	marked bool
}{
	{LineNotStored, []byte("Unable to replicate and persist"), true},
	{LineStored, []byte("Successfully replicated and persisted"), true},
	{LineUnreadable, []byte("Unable to read the binary data snapshot"), true},
	{LineShutDown, []byte("We sent an orderly shutdown message"), true},
	{LineToldShutDown, []byte("Received a remote DC orderly shutdown message"), true},
	{LineReturned, []byte("During application startup, we sent"), true},
	{LineSendFailed, []byte("Exception while communicating with"), false},
	{LineRefused, []byte("Error in posting the binary contents to this URL"), false},
}

// samples are the lines of applications that are built like the toolkit's samples.
var samples = map[Line]string{
	LineUp:         "Received a notification about the remote data center coming up",
	LineDown:       "Received a notification about the remote data center going down",
	LineTakingOver: "Taking-over the replicated data",
	LineTakenOver:  "Completed the taking-over",
}

// LineReader tells the lines of a trace apart. It keeps nothing.
type LineReader struct {
	own map[Line]*regexp.Regexp // the application's
}

// NewLineReader makes a reader of an application's lines.
func NewLineReader(l providers.Lines) (*LineReader, error) {
	r := &LineReader{own: map[Line]*regexp.Regexp{}}
	for line, given := range map[Line]string{LineUp: l.Up, LineDown: l.Down, LineTakingOver: l.TakingOver, LineTakenOver: l.TakenOver} {
		if given == "" {
			given = regexp.QuoteMeta(samples[line])
		}
		re, err := regexp.Compile(given)
		if err != nil {
			return nil, fmt.Errorf("the pattern of lines that say %s cannot be read: %w", line, err)
		}
		r.own[line] = re
	}
	return r, nil
}

// Read says what a line says; most say nothing that is looked for.
func (r *LineReader) Read(text []byte) (Line, bool) {
	marked := bytes.Contains(text, []byte(marker))
	for _, f := range fixed {
		if (marked || !f.marked) && bytes.Contains(text, f.text) {
			return f.line, true
		}
	}
	for _, l := range Lines() {
		if re := r.own[l]; re != nil && re.Match(text) {
			return l, true
		}
	}
	return "", false
}

// Rare reports whether a line of the kind is an event of a drill: the others come with every heartbeat or snapshot.
func (l Line) Rare() bool {
	return !slices.Contains([]Line{LineStored, LineSendFailed, LineRefused}, l)
}

// Belief is what a line says of the other side, for those that do.
func (l Line) Belief() (word string, ok bool) {
	switch l { //nolint:exhaustive // the others say nothing of the other side
	case LineUp:
		return remoteUp, true
	case LineDown:
		return remoteDown, true
	}
	return "", false
}
