package route53

import (
	"sync"

	"github.com/edgestage/edgestage/state/api/awserr"
)

// requestRate is how many requests a second Route 53 takes from an account
// (aws-behaviour 1.7).
const requestRate = 5

// checkRate returns an error where an account asks more often than Route 53
// lets it, if that is to be so.
func (c *call) checkRate() error {
	if !c.config.Throttle || c.rates.Take(c.account, requestRate, requestRate, c.config.Now()) {
		return nil
	}
	return awserr.New(awserr.Throttling, "Rate exceeded")
}

// busyZones are the zones that a batch of changes is being applied to.
type busyZones struct {
	mu  sync.Mutex
	ids map[string]bool
}

// begin notes that a batch for a zone is at work, until done is called. Where
// there is one already and throttling is on, that is an error; otherwise they
// wait for each other (aws-behaviour 2.1).
func (c *call) begin(zone string) (done func(), err error) {
	if !c.config.Throttle {
		return func() {}, nil
	}
	b := &c.busy
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ids[zone] {
		return nil, awserr.New(awserr.PriorRequestNotComplete, "The request was rejected because Route 53 was still processing a prior request.")
	}
	if b.ids == nil {
		b.ids = make(map[string]bool)
	}
	b.ids[zone] = true
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.ids, zone)
	}, nil
}
