package state

import "github.com/edgestage/edgestage/state/model"

// Event is what happens to a core.
type Event interface{ event() }

// The events.
type (
	// Tick says that time has passed.
	Tick struct{}
	// LocalCommit asks for a commit of this node.
	LocalCommit struct {
		ID uint64
		F  func(t *Tx) error
	}
	// Written says that the write handed out last has finished.
	Written struct{ Err error }
	// Received is a message from a peer.
	Received struct{ Data []byte }
	// MemberUp says that a member joined or changed.
	MemberUp struct{ Member Member }
	// MemberDown says that a member left or died.
	MemberDown struct {
		Run  Origin
		Left bool
	}
	// Joined says how many members the attempt to join has reached.
	Joined struct{ Contacted int }
	// Viewed says that all subscribers have made visible what was published
	// up to Seq.
	Viewed struct{ Seq uint64 }
	// AskInSync asks whether all members cover a commit.
	AskInSync struct {
		ID      uint64
		Version Version
	}
	// ShareTable replaces this node's document in a volatile table.
	ShareTable struct {
		Table  string
		Values []model.Value
	}
)

func (Tick) event()        {}
func (LocalCommit) event() {}
func (Written) event()     {}
func (Received) event()    {}
func (MemberUp) event()    {}
func (MemberDown) event()  {}
func (Joined) event()      {}
func (Viewed) event()      {}
func (AskInSync) event()   {}
func (ShareTable) event()  {}

// Effects are what a core wants done after an event, in no order among fields.
type Effects struct {
	Sends   []Send
	Write   *Write
	Publish []Publication
	// Reset says that subscribers must begin anew with all rows.
	Reset   bool
	Replies []Reply
	Logs    []LogLine
	// Pulses are what members told with their beat.
	Pulses []Pulse
	// Serving tells, where it is set, that the node serves from now on.
	Serving bool
}

// Send is a message to a member.
type Send struct {
	To     Origin
	Data   []byte
	Stream bool
}

// Publication is what subscribers get: whole commits.
type Publication struct {
	Seq     uint64
	Changes []Change
}

// Reply answers a [LocalCommit] or [AskInSync].
type Reply struct {
	ID      uint64
	Version Version
	InSync  bool
	Err     error
}

// LogLine is one thing to report.
type LogLine struct {
	Warn bool
	Text string
}
