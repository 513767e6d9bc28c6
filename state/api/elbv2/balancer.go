package elbv2

import (
	"slices"
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/model"
)

// balancer is a load balancer, all of its rows taken together, as package
// claims takes them.
type balancer struct {
	*model.LoadBalancer
	since   hlc.Stamp // of the earliest
	standby string    // its default certificate, "" where none was named
	newest  state.Version
}

// balancers returns the caller's load balancers in the Region, sorted by ARN.
func (c *call) balancers(rd *state.Reader) []*balancer {
	var out []*balancer
	prefix := "arn:aws:elasticloadbalancing:" + c.region + ":" + c.account + ":loadbalancer/"
	rd.Range(model.TableLoadBalancers, prefix, "", func(v model.Value, at state.Version) bool {
		row := v.(*model.LoadBalancer)
		if n := len(out); n == 0 || out[n-1].ARN != row.ARN {
			out = append(out, &balancer{LoadBalancer: row, since: row.Since})
		}
		b := out[len(out)-1]
		b.since = min(b.since, row.Since)
		if row.DefaultCertificate != "" && (b.standby == "" || b.newest.Compare(at) < 0) {
			b.standby, b.newest = row.DefaultCertificate, at
		}
		return true
	})
	return out
}

// balancer returns one of the caller's load balancers by its ARN.
func (c *call) balancer(rd *state.Reader, arn string) (*balancer, error) {
	for _, b := range c.balancers(rd) {
		if b.ARN == arn {
			return b, nil
		}
	}
	return nil, awserr.New(awserr.LoadBalancerNotFound, "One or more load balancers not found")
}

// listener returns the load balancer that has a listener.
func (c *call) listener(rd *state.Reader, arn string) (*balancer, error) {
	for _, b := range c.balancers(rd) {
		if b.ListenerARN() == arn {
			return b, nil
		}
	}
	return nil, awserr.New(awserr.ListenerNotFound, "One or more listeners not found")
}

// listed returns the ARNs of the certificates in a listener's list, sorted.
func listed(rd *state.Reader, listener string) []string {
	var out []string
	rd.Range(model.TableListenerCertificates, model.ListenerCertificatePrefix(listener), "", func(v model.Value, _ state.Version) bool {
		out = append(out, v.(*model.ListenerCertificate).Certificate)
		return true
	})
	return out
}

// checkCertificate returns an error unless a certificate can be served: the
// caller's, of this Region, issued and in its time (aws-behaviour 8.3).
func (c *call) checkCertificate(rd *state.Reader, arn string) error {
	if !model.ValidCertificateARN(arn) {
		return invalid("Certificate ARN '%.300s' is not valid", arn)
	}
	region, account, _, ok := model.ParseCertificateARN(arn)
	if ok && region != c.region {
		return invalid("Certificate ARN '%s' is not valid", arn)
	}
	s, found := model.CertificateAt(rd, arn)
	switch {
	case !ok || account != c.account || !found:
		return awserr.New(awserr.ListenerCertificateNotFound, "Certificate '%s' not found", arn)
	case !s.Usable(c.config.Now()):
		return awserr.New(awserr.UnsupportedCertificate, "The certificate '%s' must have a fully-qualified domain name, a supported signature, and a supported key size: it is %s.",
			arn, s.Status(c.config.Now()))
	}
	return nil
}

// page returns the items from the one after marker on, at most size (400 where
// that is nil), and the marker of the next page. Key names an item; items are
// sorted by it.
func page[T any](items []T, marker *string, size *int64, key func(T) string) ([]T, string) {
	if marker != nil {
		items = slices.DeleteFunc(items, func(t T) bool { return strings.Compare(key(t), *marker) <= 0 })
	}
	most := 400
	if size != nil {
		most = int(*size)
	}
	if len(items) <= most {
		return items, ""
	}
	return items[:most], key(items[most-1])
}
