package state

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgestage/edgestage/state/hlc"
)

// The limits on what travels.
const (
	// MaxDatagram is the most bytes of ours in one datagram.
	MaxDatagram = 1300
	// MaxFrame is the most bytes of one message on a stream.
	MaxFrame = 16 << 20
	// maxValueBytes is the largest value of one row.
	maxValueBytes = 4 << 20
	// maxLoggedCommit is the largest commit that the log keeps; a larger one
	// reaches others as rows.
	maxLoggedCommit = 8 << 20
	// chunkBytes is about how much one answer to a pull carries.
	chunkBytes = 512 << 10
)

// entry is one line of a context: the last stamp applied of an origin.
type entry struct {
	_      struct{} `cbor:",toarray"`
	Origin Origin
	Stamp  hlc.Stamp
}

// commit is what one writer changed at once.
type commit struct {
	_      struct{} `cbor:",toarray"`
	Origin Origin
	Stamp  hlc.Stamp
	// Prev is the origin's previous stamp, 0 for its first.
	Prev hlc.Stamp
	// Deps are the newest stamps of other origins that the writer had applied
	// since Prev.
	Deps []entry
	Rows []wireRow

	data []byte // as encoded; nil for one of this node that the log does not keep
}

func (c *commit) version() Version { return Version{Stamp: c.Stamp, Origin: c.Origin} }

// wireRow is a row within a commit, which has the version, or in a stream of
// rows, where Version is set.
type wireRow struct {
	_       struct{} `cbor:",toarray"`
	Table   string
	Key     string
	Value   []byte
	Expires int64
	Stamp   hlc.Stamp
	Origin  Origin
}

// message is one of the bodies below.
type message interface{ kind() byte }

// The kinds of message. Numbers are on the wire: append only.
const (
	kindCommits byte = iota + 1
	kindAnnounce
	kindBeat
	kindPull
	kindChunk
	kindAsk
	kindAnswer
	kindWant
	kindShare
	kindPulse
)

// commitsMsg carries commits on the fast path.
type commitsMsg struct {
	_       struct{} `cbor:",toarray"`
	Commits [][]byte
}

// announceMsg says that the sender has commits too large for a datagram.
type announceMsg struct {
	_       struct{} `cbor:",toarray"`
	Entries []entry
}

// beatMsg is what every member tells the others twice a second.
type beatMsg struct {
	_       struct{} `cbor:",toarray"`
	Counter uint64
	Hash    uint64 // of the context
	Behind  bool
	Moved   []entry // that moved within movedFor
	Shares  []shareVersion
	// Digest is the sum over the live rows; 0 where none is kept.
	Digest uint64
}

// shareVersion is the version of the sender's document in a volatile table.
type shareVersion struct {
	_       struct{} `cbor:",toarray"`
	Table   string
	Version uint64
}

// pullMsg asks for what its context does not cover: from the log, or, with
// Rows set, for the rows from (Table, Key) on.
type pullMsg struct {
	_          struct{} `cbor:",toarray"`
	ID         uint64
	Context    []entry
	Rows       bool
	Table, Key string
}

// chunkMsg answers a pull. Where the log does not reach, it carries nothing
// but NeedRows.
type chunkMsg struct {
	_        struct{} `cbor:",toarray"`
	ID       uint64
	Context  []entry // the sender's, before it read what follows
	Commits  [][]byte
	NeedRows bool
	RowsMode bool
	Rows     []wireRow
	More     bool
	// NextTable and NextKey are where to go on in the rows.
	NextTable, NextKey string
}

// askMsg asks whether the views of a member cover a commit.
type askMsg struct {
	_       struct{} `cbor:",toarray"`
	Nonce   uint64
	Version entry
}

// answerMsg answers an askMsg.
type answerMsg struct {
	_      struct{} `cbor:",toarray"`
	Nonce  uint64
	Yes    bool
	Behind bool
}

// wantMsg asks a member for its document in a volatile table.
type wantMsg struct {
	_     struct{} `cbor:",toarray"`
	Table string
}

// shareMsg is a member's document in a volatile table.
type shareMsg struct {
	_       struct{} `cbor:",toarray"`
	Run     Origin
	NodeID  string
	Table   string
	Version uint64
	Rows    []shareRow
}

type shareRow struct {
	_     struct{} `cbor:",toarray"`
	Key   string
	Value []byte
}

func (*commitsMsg) kind() byte  { return kindCommits }
func (*announceMsg) kind() byte { return kindAnnounce }
func (*beatMsg) kind() byte     { return kindBeat }
func (*pullMsg) kind() byte     { return kindPull }
func (*chunkMsg) kind() byte    { return kindChunk }
func (*askMsg) kind() byte      { return kindAsk }
func (*answerMsg) kind() byte   { return kindAnswer }
func (*wantMsg) kind() byte     { return kindWant }
func (*shareMsg) kind() byte    { return kindShare }

var newMessage = map[byte]func() message{
	kindCommits:  func() message { return new(commitsMsg) },
	kindAnnounce: func() message { return new(announceMsg) },
	kindBeat:     func() message { return new(beatMsg) },
	kindPull:     func() message { return new(pullMsg) },
	kindChunk:    func() message { return new(chunkMsg) },
	kindAsk:      func() message { return new(askMsg) },
	kindAnswer:   func() message { return new(answerMsg) },
	kindWant:     func() message { return new(wantMsg) },
	kindShare:    func() message { return new(shareMsg) },
	kindPulse:    func() message { return new(pulseMsg) },
}

var (
	wireEnc = mustMode(cbor.EncOptions{Sort: cbor.SortCoreDeterministic}.EncMode())
	wireDec = mustMode(cbor.DecOptions{
		MaxArrayElements: 1 << 20, MaxMapPairs: 16, MaxNestedLevels: 8,
		IndefLength: cbor.IndefLengthForbidden, UTF8: cbor.UTF8RejectInvalid,
	}.DecMode())
)

func mustMode[T any](v T, err error) T {
	if err != nil {
		panic(err) // impossible: the options are constants
	}
	return v
}

func mustEncode(v any) []byte {
	data, err := wireEnc.Marshal(v)
	if err != nil {
		panic(err) // impossible: the wire types have no member that can fail
	}
	return data
}

// headerBytes is the length of a message's header: its kind and the sender's run.
const headerBytes = 9

// encodeMessage returns kind, sender, body.
func encodeMessage(from Origin, m message) []byte {
	body := mustEncode(m)
	data := make([]byte, headerBytes, headerBytes+len(body))
	data[0] = m.kind()
	binary.BigEndian.PutUint64(data[1:], uint64(from))
	return append(data, body...)
}

var errShortMessage = errors.New("message is shorter than its header")

// decodeMessage is the inverse of encodeMessage.
func decodeMessage(data []byte) (Origin, message, error) {
	if len(data) < headerBytes {
		return 0, nil, errShortMessage
	}
	make, ok := newMessage[data[0]]
	if !ok {
		return 0, nil, fmt.Errorf("unknown kind of message %d", data[0])
	}
	m := make()
	if err := wireDec.Unmarshal(data[headerBytes:], m); err != nil {
		return 0, nil, fmt.Errorf("message of kind %d: %w", data[0], err)
	}
	return Origin(binary.BigEndian.Uint64(data[1:])), m, nil
}

// maxNameBytes bounds table names and keys from peers.
const maxNameBytes = 4096

func decodeCommit(data []byte) (*commit, error) {
	c := &commit{data: data}
	if err := wireDec.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	if c.Origin == 0 || c.Stamp == 0 || c.Prev >= c.Stamp {
		return nil, fmt.Errorf("commit of %v at %v after %v is out of order", c.Origin, c.Stamp, c.Prev)
	}
	for i := range c.Rows {
		if err := c.Rows[i].check(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (r *wireRow) check() error {
	switch {
	case r.Table == "" || len(r.Table) > maxNameBytes || len(r.Key) > maxNameBytes:
		return fmt.Errorf("row name of %d and %d bytes out of range [1, %d]", len(r.Table), len(r.Key), maxNameBytes)
	case Local(r.Table):
		return fmt.Errorf("row of the local table %q came from a peer", r.Table)
	}
	return nil
}

func (r *wireRow) row(v Version) *Row {
	return &Row{Table: r.Table, Key: r.Key, Value: r.Value, Expires: r.Expires, Version: v}
}
