package route53sim

import (
	"github.com/coredns/coredns/plugin/transfer"
	"github.com/miekg/dns"
)

// Transfer implements [transfer.Transferer]: plugin transfer decides who may
// have a zone, this is what it gets. The serial of a hosted zone does not tell
// whether it changed, so every transfer is a whole one, but for a secondary
// that names a serial not behind ours, which gets the SOA alone.
func (h *Route53Sim) Transfer(name string, serial uint32) (<-chan []dns.RR, error) {
	v := h.view()
	if v == nil || !h.handles(name) {
		return nil, transfer.ErrNotAuthoritative
	}
	soa, sets := v.Transfer(name)
	if soa == nil {
		return nil, transfer.ErrNotAuthoritative
	}
	ch := make(chan []dns.RR)
	go func() {
		defer close(ch)
		ch <- []dns.RR{soa}
		if serial != 0 && int32(serial-soa.Serial) >= 0 { // RFC 1982
			return
		}
		for rrs := range sets {
			ch <- rrs
		}
		ch <- []dns.RR{dns.Copy(soa)}
	}()
	return ch, nil
}

var _ transfer.Transferer = (*Route53Sim)(nil)
