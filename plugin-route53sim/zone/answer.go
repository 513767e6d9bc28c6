package zone

import (
	"net/netip"

	"github.com/miekg/dns"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
)

// Result says how a question was answered.
type Result uint8

const (
	// OutOfZone: no zone here holds the name; the sections are empty.
	OutOfZone Result = iota
	// Success: the answer section holds what was asked for, or a CNAME chain
	// that leaves the zone.
	Success
	// NoData: the name exists, records of the type do not; SOA in authority.
	NoData
	// NameError: the name does not exist; SOA in authority.
	NameError
	// Delegation: another zone holds the name; NS in authority, glue in
	// additional, and the answer is not authoritative.
	Delegation
	// ServerFailure: there is no answer that would be right, such as for an
	// alias that leads to itself.
	ServerFailure
)

var resultNames = [...]string{"out_of_zone", "success", "no_data", "name_error", "delegation", "server_failure"}

// String returns the result in lower case, words joined by underscores.
func (r Result) String() string { return resultNames[r] }

// Query is a question and what its answer depends on.
type Query struct {
	// Name is what is asked for: absolute, in any case, escaped as miekg/dns
	// unpacks names. Owner names in the answer repeat its case.
	Name string
	// Type is the type asked for.
	Type uint16
	// All asks for every RRset of the name where Type is ANY; otherwise one of
	// them is the answer (RFC 8482 section 4.1).
	All bool
	// Random decides what is left to chance, such as the order of records.
	Random uint64

	// Locator places the client that asks from Source with ECS: inside a VPC,
	// and where a policy depends on it; without one the client is nowhere.
	Locator *locate.Locator
	Source  netip.Addr
	ECS     locate.ECS
	// Trace, if not nil, is told how the answer came about. Equal queries to
	// one view have equal answers, so that asking once more, with a Trace,
	// explains an answer given before.
	Trace *Trace
}

// Answer is what goes into the sections of a reply, and how it came about.
// The RRs are the caller's.
type Answer struct {
	Result Result
	// ZoneID and Zone are the id and name of the hosted zone that answered;
	// both are empty for an edge's own name, and where Result is OutOfZone.
	ZoneID, Zone string
	// Private says that the hosted zone is.
	Private bool
	// Leads is where a CNAME in the answer leads that the hosted zone does not
	// hold, in the case of the record; "" if none does.
	Leads string
	// Wildcard is the name of the first wildcard that answered, if any.
	Wildcard string
	// Scope is how many leading bits of the client's address the answer
	// depends on (aws-behaviour 3.8).
	Scope int
	// Answer, Ns and Extra are the sections, without OPT.
	Answer, Ns, Extra []dns.RR
}
