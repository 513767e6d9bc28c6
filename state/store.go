package state

import (
	"strings"

	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/model"
)

// Row is a row as it is stored and sent.
type Row struct {
	Table, Key string
	Version    Version
	// Value is the encoded value; nil is a tombstone.
	Value []byte
	// Expires is the Unix time in milliseconds past which the row reads as
	// absent; 0 means never.
	Expires int64

	// decoded is the value where it is at hand anyway; set before the row is
	// shown to anybody.
	decoded model.Value
}

// live tells whether r is there at a time in Unix milliseconds.
func (r *Row) live(nowMillis int64) bool {
	return r.Value != nil && (r.Expires == 0 || r.Expires > nowMillis)
}

// value returns r's value, or nil for what is deleted or does not validate
// here: such a row is kept as bytes and shown to nobody.
func (r *Row) value() model.Value {
	if r.decoded != nil || r.Value == nil {
		return r.decoded
	}
	v, err := model.Decode(r.Table, r.Key, r.Value)
	if err != nil {
		return nil
	}
	return v
}

// LocalPrefix begins the names of tables that stay on their node.
const LocalPrefix = "local."

// Local tells whether rows of table stay on their node.
func Local(table string) bool { return strings.HasPrefix(table, LocalPrefix) }

// The local tables of the replica itself.
const (
	tableContext  = LocalPrefix + "context"  // origin -> stamp
	tableNode     = LocalPrefix + "node"     // "id" -> 16 bytes
	tableMembers  = LocalPrefix + "members"  // gossip address -> member, time
	tableVolatile = LocalPrefix + "volatile" // run and table -> document
)

// LogEntry is one commit in the log, in the order in which this node applied
// it. Data is nil for a commit too large to be kept there.
type LogEntry struct {
	Seq     uint64
	Version Version
	Prev    hlc.Stamp
	Data    []byte
}

// Write is one transaction of a [Store], all or nothing.
type Write struct {
	// Put and Drop are sorted by table and key; Drop removes rows without a
	// trace.
	Put  []*Row
	Drop []*Row
	// Log is appended; entries below TrimLog are removed.
	Log     []LogEntry
	TrimLog uint64
}

// Store is where a node keeps its rows and its log.
type Store interface {
	// Read runs f with the rows as they are at one moment. Slices that it
	// hands out are valid until f returns. f must be short: it holds up writes.
	Read(f func(r StoreReader) error) error
	// Write makes w durable before it returns. After an error the store
	// promises nothing about what a later Read shows.
	Write(w *Write) error
	// Close releases the store.
	Close() error
}

// StoreReader reads rows and log entries at one moment.
type StoreReader interface {
	// Get returns a row or tombstone, or nil.
	Get(table, key string) *Row
	// Range calls f for rows and tombstones from (table, key) on, in order of
	// table and key across all tables, until f returns false.
	Range(table, key string, f func(r *Row) bool)
	// Log calls f for entries from seq on, in order, until f returns false.
	Log(seq uint64, f func(e LogEntry) bool)
}
