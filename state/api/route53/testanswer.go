package route53

import (
	"context"
	"net/netip"
	"strconv"
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/model"
)

// Answerer is the very code that the host answers DNS queries with.
type Answerer interface {
	// Answer returns what a query would be answered with now. An error means
	// that there would be no answer.
	Answer(ctx context.Context, q Question) (Reply, error)
}

// Question is a query and where it comes from.
type Question struct {
	// Zone is the hosted zone's id; the name is within the zone.
	Zone string
	Name model.Name
	// Type is the type's number.
	Type uint16
	// Resolver is the address that the query comes from.
	Resolver netip.Addr
	// Subnet is the EDNS client subnet, masked; not valid: there is none.
	Subnet netip.Prefix
}

// Reply is the answer.
type Reply struct {
	// Rcode is the mnemonic, such as NOERROR.
	Rcode string
	// Data are the records of the answer section, as Route 53 spells them.
	Data []string
	// TCP says that the answer does not fit into a datagram.
	TCP bool
}

type testDNSAnswerResponse struct {
	Nameserver   string     `xml:"Nameserver"`
	RecordName   string     `xml:"RecordName"`
	RecordType   string     `xml:"RecordType"`
	RecordData   recordData `xml:"RecordData"`
	ResponseCode string     `xml:"ResponseCode"`
	Protocol     string     `xml:"Protocol"`
}

type recordData struct {
	RecordDataEntry []string `xml:"RecordDataEntry"`
}

// defaultResolver stands for a resolver of us-east-1.
var defaultResolver = netip.MustParseAddr("192.0.2.53")

// testDNSAnswer asks the host's answering code (aws-behaviour 3.9).
func testDNSAnswer(c *call) (any, error) {
	q, rrtype, err := c.question()
	if err != nil {
		return nil, err
	}
	var server string
	err = c.view(func(rd *state.Reader) error {
		z, err := c.zone(rd, q.Zone)
		switch {
		case err != nil:
			return err
		case z.Private:
			return invalid("TestDNSAnswer supports public hosted zones only: %s is private.", z.ID)
		case !q.Name.Within(z.Name):
			return invalid("The name %s is not within the hosted zone %s.", q.Name.AWS(), z.Name.AWS())
		}
		if len(z.NameServers) > 0 {
			server = strings.TrimSuffix(z.NameServers[0].AWS(), ".")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if c.config.Answerer == nil {
		return nil, awserr.New(awserr.ServiceUnavailable, "This node does not answer DNS queries: ask one that does.")
	}
	reply, err := c.config.Answerer.Answer(c.ctx, q)
	if err != nil {
		return nil, err
	}
	protocol := "UDP"
	if reply.TCP {
		protocol = "TCP"
	}
	return testDNSAnswerResponse{server, q.Name.AWS(), rrtype, recordData{reply.Data}, reply.Rcode, protocol}, nil
}

// question reads the query's parameters.
func (c *call) question() (Question, string, error) {
	var q Question
	zone, _ := c.param("hostedzoneid")
	name, _ := c.param("recordname")
	rrtype, _ := c.param("recordtype")
	var ok bool
	var err error
	if q.Type, ok = model.TypeCode(rrtype); !ok {
		return q, "", invalid("1 validation error detected: Value '%.64s' at 'recordType' failed to satisfy constraint: Member must satisfy enum value set: [%s]",
			rrtype, strings.Join(model.Types, ", "))
	}
	if q.Name, err = model.ParseName(name); err != nil {
		return q, "", invalid("%v", err)
	}
	q.Zone, q.Resolver = bare(zone), defaultResolver
	if s, _ := c.param("resolverip"); s != "" {
		if q.Resolver, err = parseAddr("resolverIP", s); err != nil {
			return q, "", err
		}
	}
	q.Subnet, err = c.subnet()
	return q, rrtype, err
}

func parseAddr(field, s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return a, invalid("1 validation error detected: Value '%.64s' at '%s' failed to satisfy constraint: Member must be an IP address", s, field)
	}
	return a.Unmap(), nil
}

// subnet returns the client subnet, of 24 or 64 bits where the mask is not
// given.
func (c *call) subnet() (netip.Prefix, error) {
	ip, _ := c.param("edns0clientsubnetip")
	mask, _ := c.param("edns0clientsubnetmask")
	if ip == "" {
		if mask != "" {
			return netip.Prefix{}, invalid("EDNS0ClientSubnetMask needs EDNS0ClientSubnetIP.")
		}
		return netip.Prefix{}, nil
	}
	a, err := parseAddr("eDNS0ClientSubnetIP", ip)
	if err != nil {
		return netip.Prefix{}, err
	}
	bits := 64
	if a.Is4() {
		bits = 24
	}
	if mask != "" {
		if bits, err = strconv.Atoi(mask); err != nil || bits < 0 || bits > a.BitLen() {
			return netip.Prefix{}, invalid("1 validation error detected: Value '%.8s' at 'eDNS0ClientSubnetMask' failed to satisfy constraint: Member must be a number in [0, %d]", mask, a.BitLen())
		}
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return p, invalid("%v", err)
	}
	return p, nil
}
