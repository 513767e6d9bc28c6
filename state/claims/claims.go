// Package claims tells who owns a host name: which distribution or load
// balancer of which account, by the rows that the API and the Caddyfiles of all
// edges have put into the state (aws-behaviour 9.2).
//
// A [Compiler] turns rows into [View] after View, each immutable and a pure
// function of the rows, so that every node tells the same; a [Follower] keeps
// the view of a replica behind an atomic pointer. Looking up takes no lock and
// allocates nothing. Nothing here writes.
package claims

import (
	"math/bits"
	"strings"

	"github.com/edgestage/edgestage/state/model"
)

// Tables returns the tables whose changes a [Compiler] is to be given.
func Tables() []string {
	return []string{
		model.TableClaims, model.TableDistributions, model.TableLoadBalancers, model.TableListenerCertificates,
	}
}

// Owner is who a host name belongs to.
type Owner struct {
	// Account has 12 digits.
	Account string
	// Kind is [model.OwnerDistribution] or [model.OwnerLoadBalancer].
	Kind string
	// ID is the distribution's id or the load balancer's ARN.
	ID string
	// ARN is the resource's ARN.
	ARN string
	// Name is the resource's own host name, such as d111.cloudfront.net.
	Name string
}

// Resource is a distribution or load balancer, all of its rows taken together.
type Resource struct {
	Owner
	// Distribution is nil for a load balancer. Of several rows the API's is
	// taken, else that of the earliest declarer.
	Distribution *model.Distribution
	// Listener is the ARN of a load balancer's HTTPS listener.
	Listener string
	// DefaultCertificate is the ARN of the listener's default certificate, or
	// of what a distribution shows to viewers; empty where none was named.
	DefaultCertificate string
	// Certificates are the ARNs of the listener's list, sorted; the default is
	// among them only if it was added (aws-behaviour 8.1).
	Certificates []string
	// Declarers are the nodes whose Caddyfiles declare the resource, sorted; ""
	// stands for the API.
	Declarers []string
}

// View is who owns what at one moment. It never changes. The zero View knows no
// name.
type View struct {
	exact     table[*Owner]
	wildcard  table[*Owner] // by what stands behind `*.`
	depths    depths        // of the names in wildcard
	resources table[*Resource]
	listeners table[*Resource]
	uses      table[[]string]
	inert     []Inert
}

// Inert is a claim that came too late, or whose owner is gone: it has no effect.
type Inert struct {
	*model.Claim
	// Holder has the name; the zero Owner where it is only reserved, or nobody's.
	Holder Owner
}

// Owner returns who answers for host, and whether anybody does: the resource
// whose own name it is, or that has it as alias, or that has the longest
// wildcard alias above it: `*.example.com` matches at any depth, never
// example.com (aws-behaviour 9.2). Names that are only reserved are nobody's.
// Where load balancers of one account share a name, one that this node serves
// goes before others.
//
// Host is lower case, without final dot and port. Owner takes well under a
// microsecond, locks nothing and allocates nothing.
func (v *View) Owner(host string) (Owner, bool) {
	if o, ok := v.exact.get(host); ok {
		return *o, true
	}
	dots := strings.Count(host, ".")
	for v.depths.reaches(dots) {
		host = host[strings.IndexByte(host, '.')+1:]
		dots--
		if !v.depths.has(dots) {
			continue
		}
		if o, ok := v.wildcard.get(host); ok {
			return *o, true
		}
	}
	return Owner{}, false
}

// Resource returns the resource with that id, an [Owner.ID].
func (v *View) Resource(id string) (*Resource, bool) { return v.resources.get(id) }

// Listener returns the load balancer whose listener has that ARN.
func (v *View) Listener(arn string) (*Resource, bool) { return v.listeners.get(arn) }

// InUseBy returns the ARNs of the resources that use a certificate, by its ARN:
// as a listener's default, in a listener's list, or for viewers. Sorted, each
// once, and not to be modified (aws-behaviour 7.5).
func (v *View) InUseBy(certificate string) []string {
	users, _ := v.uses.get(certificate)
	return users
}

// Inert returns the claims without effect, sorted by host name, owner and
// declarer; not to be modified.
func (v *View) Inert() []Inert { return v.inert }

// Names returns how many host names have an owner, wildcards counted as one.
func (v *View) Names() int { return v.exact.n + v.wildcard.n }

// depths counts names by their dots.
type depths struct {
	of   [128]uint32 // no name has more dots: its labels are not empty
	bits [2]uint64   // which of them are not 0
}

// has tells whether there is a name with that many dots.
func (d *depths) has(dots int) bool { return dots < 128 && d.bits[dots/64]>>(dots%64)&1 != 0 }

// reaches tells whether there is a name with fewer dots than that.
func (d *depths) reaches(dots int) bool {
	switch {
	case dots <= 0:
		return false
	case d.bits[0] != 0:
		return bits.TrailingZeros64(d.bits[0]) < dots
	}
	return d.bits[1] != 0 && 64+bits.TrailingZeros64(d.bits[1]) < dots
}

// add counts a name in (n = 1) or out (n = -1).
func (d *depths) add(name string, n int) {
	dots := strings.Count(name, ".")
	d.of[dots] += uint32(n)
	bit := uint64(1) << (dots % 64)
	if d.of[dots] > 0 {
		d.bits[dots/64] |= bit
	} else {
		d.bits[dots/64] &^= bit
	}
}
