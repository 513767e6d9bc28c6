package route53sim

import (
	"testing"

	"github.com/coredns/coredns/plugin/transfer"
	"github.com/miekg/dns"
)

func TestTransfer(t *testing.T) {
	h := testHandler(t)
	for _, tc := range []struct {
		name   string
		serial uint32
		rrs    int
	}{
		{"AXFR", 0, 1 + 5 + 1 + 1 + 1 + 1 + 1 + 2 + 40 + 1},
		{"IXFR from an older serial", 6, 1 + 5 + 1 + 1 + 1 + 1 + 1 + 2 + 40 + 1},
		{"IXFR from this serial", 7, 1},
		{"IXFR from a newer serial", 8, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ch, err := h.Transfer("example.org.", tc.serial)
			if err != nil {
				t.Fatal(err)
			}
			var rrs []dns.RR
			for set := range ch {
				rrs = append(rrs, set...)
			}
			if len(rrs) != tc.rrs {
				t.Errorf("%d RRs, want %d: %v", len(rrs), tc.rrs, rrs)
			}
			for _, i := range []int{0, len(rrs) - 1} {
				if _, ok := rrs[i].(*dns.SOA); !ok {
					t.Errorf("RR %d = %v, want the SOA", i, rrs[i])
				}
			}
		})
	}
	for _, name := range []string{"example.com.", "www.example.org.", "org."} {
		if _, err := h.Transfer(name, 0); err != transfer.ErrNotAuthoritative {
			t.Errorf("Transfer(%q) = %v, want %v", name, err, transfer.ErrNotAuthoritative)
		}
	}
}
