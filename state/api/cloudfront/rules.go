package cloudfront

import (
	"errors"
	"slices"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/claims"
	"github.com/edgestage/edgestage/state/model"
)

// CloudFront's sentences (aws-behaviour 9.2).
const (
	requirements = "For more details, see: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/CNAMEs.html#alternate-domain-names-requirements"

	noCertificate      = "To add an alternate domain name (CNAME) to a CloudFront distribution, you must attach a trusted certificate that validates your authorization to use the domain name. " + requirements
	chainTooLong       = "The certificate that is attached to your distribution has more than 5 certificates in its chain. " + requirements
	notYetValid        = "The certificate that is attached to your distribution is not yet valid. " + requirements
	expired            = "The certificate that is attached to your distribution has expired. " + requirements
	noSuchCertificate  = "The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include a valid certificate chain."
	notCovered         = "The certificate that is attached to your distribution doesn't cover the alternate domain name (CNAME) that you're trying to add. " + requirements
	alreadyAssociated  = "One or more of the CNAMEs you provided are already associated with a different resource."
	pointsElsewhere    = "One or more aliases specified for the distribution includes an incorrectly configured DNS record that points to another CloudFront distribution. You must update the DNS record to correct the problem. For more information, see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/CNAMEs.html#alternate-domain-names-restrictions"
	tooManyAliases     = "Your request contains more CNAMEs than are allowed per distribution."
	certificateRegion  = "us-east-1"
	maxCertificateSize = 5 // certificates in a chain
)

func invalidCertificate(text string) error {
	return awserr.New(awserr.InvalidViewerCertificate, "%s", text)
}

// checkCertificate judges a viewer certificate and whether it covers all of
// hosts, in CloudFront's order (aws-behaviour 9.2 rules 2 and 3):
//
//	1  there is one, where there are hosts
//	2  it is the account's own, in us-east-1, issued or imported
//	3  its chain has at most 5 certificates
//	4  it is in its time
//	5  it covers each host
//
// Whether its issuer is one that the public trusts is not judged.
func checkCertificate(rd *state.Reader, account string, v model.ViewerCertificate, hosts []string, now time.Time) error {
	if v.ACM == "" && v.IAM == "" {
		if len(hosts) > 0 {
			return invalidCertificate(noCertificate)
		}
		return nil
	}
	region, owner, _, ok := model.ParseCertificateARN(v.ACM)
	if !ok || region != certificateRegion || owner != account {
		return invalidCertificate(noSuchCertificate)
	}
	cert, ok := model.CertificateAt(rd, v.ACM)
	if !ok || cert.Leaf == nil || cert.Revoked != nil {
		return invalidCertificate(noSuchCertificate)
	}
	switch {
	case len(cert.Leaf.Chain) > maxCertificateSize:
		return invalidCertificate(chainTooLong)
	case now.Before(cert.Leaf.NotBefore):
		return invalidCertificate(notYetValid)
	case now.After(cert.Leaf.NotAfter):
		return invalidCertificate(expired)
	}
	for _, host := range hosts {
		if !cert.Covers(claims.HostName(host)) {
			return invalidCertificate(notCovered)
		}
	}
	return nil
}

// change is what an operation is about to do to the aliases of a distribution,
// with all that had to be looked up before.
type change struct {
	added   []string
	removed []*model.Claim
	lift    map[string]bool // keys of reservations that may go
	reserve map[string]bool // keys of removed claims whose names stay reserved
}

// prepare looks up in DNS what an operation on the aliases of d has to know:
// whether names given up still lead to it, whether reservations in the way have
// become needless, and whether names that are added lead to another
// distribution.
func (c *call) prepare(d *model.Distribution, ch *change) error {
	if err := c.release(ch); err != nil {
		return err
	}
	var err error
	if ch.lift, err = c.guard.Liftable(c.ctx, c.account, ch.added); err != nil {
		return err
	}
	// Who may have the names comes before what DNS says of them.
	if err := c.view(func(rd *state.Reader) error {
		strict := claims.RulesAt(rd, c.config.Node).Strict
		for _, host := range ch.added {
			want := (&distribution{Distribution: d}).newClaim(host)
			conflict := claims.Conflict(rd, want, strict)
			if conflict != nil && !ch.lift[conflict.Holder.Key()] {
				return conflictError(conflict)
			}
		}
		return nil
	}); err != nil {
		return err
	}
	return c.checkPointers(d, ch.added)
}

// release judges the names that are given up (aws-behaviour 9.2, Removal).
func (c *call) release(ch *change) error {
	var abandoned []*model.Claim
	var warn bool
	if err := c.view(func(rd *state.Reader) error {
		warn = claims.RulesAt(rd, c.config.Node).Warn
		abandoned = claims.Abandoned(rd, ch.removed)
		return nil
	}); err != nil {
		return err
	}
	ch.reserve = make(map[string]bool)
	for i, f := range c.guard.CheckAll(c.ctx, abandoned) {
		claim := abandoned[i]
		switch {
		case f.Free():
		case f.Record != nil && !warn:
			return awserr.New(awserr.CNAMEStillInUse, "The alias '%s' cannot be removed: DNS still leads to %s by the record %s. Change the record first.",
				claim.Host, claim.OwnerName, f.Record)
		case f.Record != nil:
			c.config.Log("Account %s gives up %q while DNS still leads to %s by %s", claim.Account, claim.Host, claim.OwnerName, f.Record)
		case warn:
			c.config.Log("Account %s gives up %q, and whether DNS still leads to %s is not known: %v", claim.Account, claim.Host, claim.OwnerName, f.Unknown)
		default:
			c.config.Log("Account %s gives up %q, which stays reserved for it: whether DNS still leads to %s is not known: %v", claim.Account, claim.Host, claim.OwnerName, f.Unknown)
			ch.reserve[claim.Key()] = true
		}
	}
	return nil
}

// checkPointers refuses names that DNS leads to another distribution
// (aws-behaviour 9.2 rule 5). What DNS does not tell is no obstacle: the name is
// its account's own by now.
func (c *call) checkPointers(d *model.Distribution, hosts []string) error {
	trails, errs := c.guard.Trails(c.ctx, hosts)
	for i, host := range hosts {
		if errs[i] != nil {
			c.config.Log("Account %s adds %q to %s, and where DNS leads it is not known: %v", c.account, host, d.DomainName, errs[i])
		}
		for _, r := range trails[i].Records {
			if r.Target == "" || model.ResourceOf(r.Target).Kind != model.EndpointCloudFront {
				continue
			}
			if claims.ResourceName(r.Target) != d.DomainName {
				return awserr.New(awserr.CNAMEAlreadyExists, "%s", pointsElsewhere)
			}
		}
	}
	return nil
}

// conflictError returns what the API says of a name that another has: not who.
func conflictError(err error) error {
	if conflict := (*claims.ConflictError)(nil); errors.As(err, &conflict) {
		return awserr.New(awserr.CNAMEAlreadyExists, "%s", alreadyAssociated)
	}
	return err
}

// apply makes the change.
func (ch *change) apply(t *state.Tx, c *call, d *distribution) error {
	claims.Lift(t, ch.lift)
	for _, claim := range ch.removed {
		if err := claims.Drop(t, claim, ch.reserve[claim.Key()]); err != nil {
			return err
		}
	}
	strict := claims.RulesAt(&t.Reader, c.config.Node).Strict
	for _, host := range ch.added {
		claim := d.newClaim(host)
		claim.Since = c.now()
		if err := claims.Take(t, claim, strict); err != nil {
			return conflictError(err)
		}
	}
	return nil
}

// difference returns what separates the aliases of d from those wanted. One that
// a node's Caddyfile declares is not the API's to remove.
func (d *distribution) difference(want []string) (*change, error) {
	ch := new(change)
	for _, host := range want {
		if !slices.Contains(d.aliases, host) {
			ch.added = append(ch.added, host)
		}
	}
	for _, claim := range d.claims {
		if slices.Contains(want, claim.Host) {
			continue
		}
		if node := d.declared(claim.Host); node != "" {
			return nil, awserr.New(awserr.IllegalUpdate, "The update contains modifications that are not allowed: the alias '%s' is declared by the configuration of the edge '%s'.", claim.Host, node)
		}
		ch.removed = append(ch.removed, claim)
	}
	return ch, nil
}
