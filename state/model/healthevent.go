package model

import (
	"errors"
	"fmt"
	"time"
)

// HealthEvent is one change of a health check's state.
type HealthEvent struct {
	HealthCheckID string `cbor:"1,keyasint"`
	// Account is the check's.
	Account string `cbor:"2,keyasint"`
	// State is [Healthy] or [Unhealthy], what the check has become.
	State string `cbor:"3,keyasint"`
	// Forced says that an operator made it so.
	Forced bool `cbor:"4,keyasint,omitempty"`
	// Reason is why, one line.
	Reason string `cbor:"5,keyasint,omitempty"`
	// Node is the name of the node that wrote it, At when the change was seen,
	// in milliseconds since 1970.
	Node string `cbor:"6,keyasint"`
	At   int64  `cbor:"7,keyasint"`
}

// Table implements [Value].
func (*HealthEvent) Table() string { return TableEvents }

// Key implements [Value]: earlier events have lower keys.
func (e *HealthEvent) Key() string {
	return fmt.Sprintf("%012x\x00%s\x00%s", e.At, e.HealthCheckID, e.Node)
}

// Time returns when the change was seen.
func (e *HealthEvent) Time() time.Time { return time.UnixMilli(e.At) }

// Validate implements [Value].
func (e *HealthEvent) Validate() error {
	var at error
	if e.At < 0 || e.At >= 1<<48 {
		at = fmt.Errorf("event at %d milliseconds since 1970, out of range [0, 2^48)", e.At)
	}
	return errors.Join(
		validateHealthCheckID(e.HealthCheckID), ValidateAccount(e.Account), at,
		validateOneOf("state of an event", e.State, Healthy, Unhealthy),
		validateText("reason of an event", e.Reason),
		validateText("node of an event", e.Node),
	)
}

// HealthLast is what this node last held health checks to be, those of one
// shard, on this node only: what it answers by after a restart, until checkers
// are heard. However many checks change, there are [HealthLastShards] rows.
type HealthLast struct {
	// Shard is in [0, HealthLastShards): a check is in that of its id's hash.
	Shard int `cbor:"1,keyasint"`
	// Healthy and Unhealthy are the checks that checkers said that of, neither
	// inverted nor forced, by the hashes of their ids, ascending.
	Healthy   []uint64 `cbor:"2,keyasint,omitempty"`
	Unhealthy []uint64 `cbor:"3,keyasint,omitempty"`
}

// HealthLastShards is how many rows there are at most.
const HealthLastShards = 64

// HealthLastShard returns the shard of the check whose id has that hash.
func HealthLastShard(hash uint64) int { return int(hash >> 58) }

// HealthLastKey returns the key of a shard.
func HealthLastKey(shard int) string { return fmt.Sprintf("%02x", shard) }

// Table implements [Value].
func (*HealthLast) Table() string { return TableHealthLast }

// Key implements [Value]: see [HealthLastKey].
func (l *HealthLast) Key() string { return HealthLastKey(l.Shard) }

// Validate implements [Value].
func (l *HealthLast) Validate() error {
	if l.Shard < 0 || l.Shard >= HealthLastShards {
		return fmt.Errorf("shard %d of last states out of range [0, %d]", l.Shard, HealthLastShards-1)
	}
	return errors.Join(l.validateHashes("healthy", l.Healthy), l.validateHashes("unhealthy", l.Unhealthy))
}

func (l *HealthLast) validateHashes(what string, hashes []uint64) error {
	for i, h := range hashes {
		if HealthLastShard(h) != l.Shard {
			return fmt.Errorf("%s check %016x is not of shard %d", what, h, l.Shard)
		}
		if i > 0 && h <= hashes[i-1] {
			return fmt.Errorf("%s check %016x does not come after %016x", what, h, hashes[i-1])
		}
	}
	return nil
}
