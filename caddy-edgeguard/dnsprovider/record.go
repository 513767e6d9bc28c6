package dnsprovider

import (
	"errors"
	"fmt"
	"time"

	"github.com/libdns/libdns"

	"github.com/edgestage/edgestage/state/model"
)

// ErrType says that a record is of a type that this provider does not handle.
var ErrType = errors.New("route53sim handles TXT records only; other types are changed through the Route 53 API")

// challenges returns recs as rows of this node, with every fault in them.
func (p *Provider) challenges(zone string, recs []libdns.Record) ([]*model.Challenge, error) {
	var errs []error
	values := make([]*model.Challenge, 0, len(recs))
	for _, rec := range recs {
		rr := rec.RR()
		if rr.Type != "TXT" {
			errs = append(errs, fmt.Errorf("record %q of type %q: %w", rr.Name, rr.Type, ErrType))
			continue
		}
		c := &model.Challenge{Name: absolute(rr.Name, zone), Value: rr.Data, Owner: p.owner, TTL: seconds(rr.TTL)}
		errs = append(errs, c.Validate())
		values = append(values, c)
	}
	return values, errors.Join(errs...)
}

// absolute returns the name that is relative to zone.
func absolute(name, zone string) model.Name {
	return model.FromDNS(libdns.AbsoluteName(name, zone))
}

// seconds returns a TTL as a challenge may have it: whole seconds, an hour at
// most.
func seconds(ttl time.Duration) uint32 {
	return uint32(min(max(ttl, 0), maxTTL) / time.Second)
}

// records returns rows relative to zone.
func records(zone string, values []*model.Challenge) []libdns.Record {
	var recs []libdns.Record
	for _, c := range values {
		recs = append(recs, libdns.TXT{
			Name: libdns.RelativeName(string(c.Name), zone), TTL: time.Duration(c.TTL) * time.Second, Text: c.Value,
		})
	}
	return recs
}
