// Package hlc is a hybrid logical clock: time that is close to the wall's, and
// never runs backwards nor stands behind anything it has seen.
//
// A [Stamp] is one integer, so that stamps compare as integers and sort as
// bytes. The package reads no clock: the caller passes the time, which makes
// every use of it repeatable. It follows Kulkarni et al., "Logical Physical
// Clocks" (2014). A [Clock] is not safe for concurrent use; it belongs to the
// one writer loop of a node.
package hlc

import (
	"fmt"
	"time"
)

// counterBits is the width of the counter below the milliseconds.
const counterBits = 16

// Stamp is a point in hybrid time: 48 bits of milliseconds since the Unix
// epoch, then 16 bits that count events within one millisecond. The zero Stamp
// is before every other and means "never".
type Stamp uint64

// At returns the earliest stamp of the millisecond that t falls in. Times
// before the Unix epoch give the zero Stamp.
func At(t time.Time) Stamp {
	ms := t.UnixMilli()
	if ms < 0 {
		return 0
	}
	return Stamp(ms) << counterBits
}

// Time returns the wall time in s, to the millisecond, in UTC.
func (s Stamp) Time() time.Time {
	return time.UnixMilli(int64(s >> counterBits)).UTC()
}

// Counter returns the number of s within its millisecond, in [0, 65535].
func (s Stamp) Counter() uint16 { return uint16(s) }

// String returns the time in RFC 3339 with milliseconds, and the counter.
func (s Stamp) String() string {
	return fmt.Sprintf("%s+%d", s.Time().Format("2006-01-02T15:04:05.000Z07:00"), s.Counter())
}

// Clock gives stamps. The zero Clock is ready to use.
type Clock struct {
	last Stamp
}

// Next returns a stamp above every stamp that c gave or observed, and not
// before now.
func (c *Clock) Next(now time.Time) Stamp {
	c.last = max(c.last+1, At(now))
	return c.last
}

// Observe makes c give only stamps above s from now on.
func (c *Clock) Observe(s Stamp) { c.last = max(c.last, s) }

// Last returns the highest stamp given or observed.
func (c *Clock) Last() Stamp { return c.last }
