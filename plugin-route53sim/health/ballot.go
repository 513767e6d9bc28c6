package health

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A ballot is the pulse of a checker: a version, the hash of the order, and
// two bits a check, the first in the low bits of the first byte. A node that
// does not check casts the empty ballot: the version alone.
type ballot struct {
	hash uint64
	bits []byte
}

const (
	ballotVersion = 1
	headerSize    = 1 + 8
)

// emptyBallot says that its node does not check.
var emptyBallot = []byte{ballotVersion}

// bitsSize returns how many bytes n opinions take.
func bitsSize(n int) int { return (n + 3) / 4 }

// encode returns the ballot of the opinions, which stand in the order of o.
func (o *order) encode(opinions []opinion) []byte {
	out := make([]byte, headerSize+bitsSize(len(o.ids)))
	out[0] = ballotVersion
	binary.BigEndian.PutUint64(out[1:], o.hash)
	bits := out[headerSize:]
	for i, op := range opinions[:len(o.ids)] {
		bits[i/4] |= byte(op) << (i % 4 * 2)
	}
	return out
}

var errNoBallot = errors.New("ballot is cut")

// decodeBallot reads a ballot. It keeps no bytes of its own: bits is part of
// data. cast is false for the empty ballot.
func decodeBallot(data []byte) (b ballot, cast bool, err error) {
	if len(data) == 0 {
		return b, false, errNoBallot
	}
	if data[0] != ballotVersion {
		return b, false, fmt.Errorf("ballot of version %d, only %d is known", data[0], ballotVersion)
	}
	if len(data) == 1 {
		return b, false, nil
	}
	if len(data) < headerSize {
		return b, false, errNoBallot
	}
	return ballot{hash: binary.BigEndian.Uint64(data[1:]), bits: data[headerSize:]}, true, nil
}

// of returns the opinion on the check at i; what no checker sends is unknown.
func (b ballot) of(i int) opinion {
	if op := opinion(b.bits[i/4] >> (i % 4 * 2) & 3); op <= unhealthy {
		return op
	}
	return unknown
}

// fits tells whether b has an opinion for each check of o and no more.
func (b ballot) fits(o *order) bool { return len(b.bits) == bitsSize(len(o.ids)) }
