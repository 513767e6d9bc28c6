package api

import (
	"sync"
	"time"
)

// Rates are token buckets, one for each who asks: how AWS limits requests. The
// zero value is ready; it is safe for concurrent use.
type Rates struct {
	mu      sync.Mutex
	buckets map[string]bucket
}

type bucket struct {
	tokens float64
	at     time.Time
}

// maxBuckets bounds who is remembered.
const maxBuckets = 10000

// Take takes a token from who's bucket, which has room for burst tokens and is
// full at first, and tells whether there was one.
func (r *Rates) Take(who string, perSecond, burst int, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.buckets == nil || len(r.buckets) > maxBuckets {
		r.buckets = make(map[string]bucket)
	}
	b, ok := r.buckets[who]
	if !ok {
		b = bucket{tokens: float64(burst), at: now}
	}
	if passed := now.Sub(b.at); passed > 0 {
		b.tokens = min(float64(burst), b.tokens+passed.Seconds()*float64(perSecond))
		b.at = now
	}
	may := b.tokens >= 1
	if may {
		b.tokens--
	}
	r.buckets[who] = b
	return may
}
