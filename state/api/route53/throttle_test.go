package route53

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

const (
	rateExceeded = "Rate exceeded"
	stillAtWork  = "The request was rejected because Route 53 was still processing a prior request."
)

// With Throttle an account has 5 requests a second, and each has its own
// (aws-behaviour 1.7).
func TestThrottle(t *testing.T) {
	var now atomic.Int64
	e := serve(t, func(c *Config) {
		c.Throttle = true
		c.Now = func() time.Time { return time.Unix(1_800_000_000, now.Load()) }
	})
	ask := func(account string) error {
		_, err := e.as(account).GetHostedZoneCount(ctx, nil)
		return err
	}
	for range requestRate {
		wantError(t, ask(testAccount), 0, "", "")
	}
	wantError(t, ask(testAccount), 400, "Throttling", rateExceeded)
	wantError(t, ask(otherAccount), 0, "", "")
	now.Add(int64(time.Second / requestRate))
	wantError(t, ask(testAccount), 0, "", "")
	wantError(t, ask(testAccount), 400, "Throttling", rateExceeded)
	now.Add(int64(time.Hour))
	for range requestRate {
		wantError(t, ask(testAccount), 0, "", "")
	}
	wantError(t, ask(testAccount), 400, "Throttling", rateExceeded)
}

// With Throttle one batch at a time is taken for a zone, and any number for
// several; without, they wait for each other (aws-behaviour 2.1).
func TestPriorRequestNotComplete(t *testing.T) {
	for _, throttle := range []bool{true, false} {
		t.Run(fmt.Sprint("throttle ", throttle), func(t *testing.T) {
			s := New(Config{Replica: testNode(t), Throttle: throttle})
			c := &call{Service: s}
			begin := func(zone string) func() {
				t.Helper()
				done, err := c.begin(zone)
				if err != nil {
					t.Fatalf("begin(%s) = %v", zone, err)
				}
				return done
			}
			one, other := begin("Z1"), begin("Z2")
			if again, err := c.begin("Z1"); throttle == (err == nil) {
				t.Errorf("begin(Z1) during another = %v", err)
			} else if err == nil {
				again()
			}
			one()
			begin("Z1")()
			other()
		})
	}
	t.Run("as the client sees it", func(t *testing.T) {
		var count atomic.Int64
		var looks atomic.Int32 // at the clock, until one stands still
		held, working := make(chan struct{}), make(chan struct{})
		e := serve(t, func(c *Config) {
			c.Throttle = true
			c.Now = func() time.Time {
				if looks.Load() > 0 && looks.Add(-1) == 0 {
					close(working)
					<-held
				}
				return time.Unix(1_800_000_000+count.Add(1), 0)
			}
		})
		first, second := e.zone("example.org"), e.zone("example.net")
		looks.Store(2) // for the rate, then in the commit
		finished := make(chan error, 1)
		go func() { finished <- e.change(first, create(rrset("a.example.org", "A", "192.0.2.1"))) }()
		<-working
		wantError(t, e.change(first, create(rrset("b.example.org", "A", "192.0.2.1"))), 400, "PriorRequestNotComplete", stillAtWork)
		close(held)
		wantError(t, <-finished, 0, "", "")
		wantError(t, e.change(first, create(rrset("b.example.org", "A", "192.0.2.1"))), 0, "", "")
		wantError(t, e.change(second, create(rrset("b.example.net", "A", "192.0.2.1"))), 0, "", "")
	})
}
