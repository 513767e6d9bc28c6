package zone

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

// headerBytes is a packed RR's owner "." with type, class and TTL.
const headerBytes = 1 + 2 + 2 + 4

// packValues returns the records of an RRset as [rrset.rdata] holds them. A
// value that cannot be read is left out; the error names the first such.
func packValues(rrtype string, values []string) (string, error) {
	var b strings.Builder
	var first error
	for _, value := range values {
		if err := packValue(&b, rrtype, value); err != nil && first == nil {
			first = err
		}
	}
	return b.String(), first
}

func packValue(b *strings.Builder, rrtype, value string) error {
	if rrtype == "A" {
		if a, err := netip.ParseAddr(value); err == nil && a.Is4() {
			packAddr(b, a)
			return nil
		}
	}
	rr, err := model.ParseRdata(rrtype, value)
	if err != nil {
		return err
	}
	rr.Header().Name = "."
	rdata, err := packRdata(rr)
	if err != nil {
		return fmt.Errorf("packing %s %q: %w", rrtype, value, err)
	}
	b.WriteString(rdata)
	return nil
}

// packRdata returns rr's length and data as they stand on the wire.
func packRdata(rr dns.RR) (string, error) {
	buf := make([]byte, dns.Len(rr)+16)
	end, err := dns.PackRR(rr, buf, 0, nil, false)
	if err != nil {
		return "", err
	}
	start := headerBytes + len(rr.Header().Name) - 1
	return string(buf[start:end]), nil
}

// packAddr appends the record of an address.
func packAddr(b *strings.Builder, a netip.Addr) {
	raw := a.AsSlice()
	b.WriteByte(0)
	b.WriteByte(byte(len(raw)))
	b.Write(raw)
}

// count returns how many records rdata holds.
func count(rdata string) int {
	n := 0
	for ; len(rdata) >= 2; n++ {
		rdata = rdata[recordLen(rdata):]
	}
	return n
}

// recordLen returns the length of the first record of rdata.
func recordLen(rdata string) int { return 2 + int(rdata[0])<<8 + int(rdata[1]) }

// The records of an address RRset come in one allocation.
type (
	aRecord struct {
		rr dns.A
		ip [4]byte
	}
	aaaaRecord struct {
		rr dns.AAAA
		ip [16]byte
	}
)

// appendRRs appends the records of rdata to dst as new RRs that the caller
// owns, beginning with record number start mod their count and going around.
func appendRRs(dst []dns.RR, h dns.RR_Header, rdata string, start uint64) []dns.RR {
	n := count(rdata)
	if n == 0 {
		return dst
	}
	turn := 0
	for range start % uint64(n) {
		turn += recordLen(rdata[turn:])
	}
	dst = appendInOrder(dst, h, rdata[turn:])
	return appendInOrder(dst, h, rdata[:turn])
}

// appendInOrder appends the records of rdata as they stand.
func appendInOrder(dst []dns.RR, h dns.RR_Header, rdata string) []dns.RR {
	switch h.Rrtype {
	case dns.TypeA:
		return appendA(dst, h, rdata)
	case dns.TypeAAAA:
		return appendAAAA(dst, h, rdata)
	}
	return appendUnpacked(dst, h, rdata)
}

func appendA(dst []dns.RR, h dns.RR_Header, rdata string) []dns.RR {
	block := make([]aRecord, len(rdata)/6)
	for i := range block {
		r := &block[i]
		copy(r.ip[:], rdata[i*6+2:])
		r.rr.Hdr = h
		r.rr.Hdr.Rdlength = 4
		r.rr.A = r.ip[:]
		dst = append(dst, &r.rr)
	}
	return dst
}

func appendAAAA(dst []dns.RR, h dns.RR_Header, rdata string) []dns.RR {
	block := make([]aaaaRecord, len(rdata)/18)
	for i := range block {
		r := &block[i]
		copy(r.ip[:], rdata[i*18+2:])
		r.rr.Hdr = h
		r.rr.Hdr.Rdlength = 16
		r.rr.AAAA = r.ip[:]
		dst = append(dst, &r.rr)
	}
	return dst
}

func appendUnpacked(dst []dns.RR, h dns.RR_Header, rdata string) []dns.RR {
	buf := []byte(rdata)
	for len(buf) >= 2 {
		k := 2 + int(buf[0])<<8 + int(buf[1])
		h.Rdlength = uint16(k - 2)
		rr, _, err := dns.UnpackRRWithHeader(h, buf[:k], 2)
		if err == nil { // always: packRdata wrote it
			dst = append(dst, rr)
		}
		buf = buf[k:]
	}
	return dst
}
