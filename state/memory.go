package state

import (
	"slices"
	"sync"

	"github.com/google/btree"
)

// MemoryStore is a [Store] that forgets everything when it goes: rows in an
// ordered map. The zero MemoryStore is not ready; see [NewMemoryStore].
type MemoryStore struct {
	mu   sync.RWMutex
	rows *btree.BTreeG[*Row]
	log  []LogEntry
}

// NewMemoryStore returns an empty store.
func NewMemoryStore() *MemoryStore {
	return &MemoryStore{rows: btree.NewG(32, rowLess)}
}

// Read implements [Store].
func (m *MemoryStore) Read(f func(r StoreReader) error) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return f(memoryReader{m})
}

// Write implements [Store].
func (m *MemoryStore) Write(w *Write) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range w.Put {
		m.rows.ReplaceOrInsert(r)
	}
	for _, r := range w.Drop {
		m.rows.Delete(r)
	}
	m.log = append(m.log, w.Log...)
	n := 0
	for n < len(m.log) && m.log[n].Seq < w.TrimLog {
		n++
	}
	if n > 0 {
		m.log = slices.Clone(m.log[n:])
	}
	return nil
}

// Close implements [Store].
func (m *MemoryStore) Close() error { return nil }

type memoryReader struct{ m *MemoryStore }

func (r memoryReader) Get(table, key string) *Row {
	row, ok := r.m.rows.Get(&Row{Table: table, Key: key})
	if !ok {
		return nil
	}
	return row
}

func (r memoryReader) Range(table, key string, f func(r *Row) bool) {
	r.m.rows.AscendGreaterOrEqual(&Row{Table: table, Key: key}, f)
}

func (r memoryReader) Log(seq uint64, f func(e LogEntry) bool) {
	i, _ := slices.BinarySearchFunc(r.m.log, seq, func(e LogEntry, seq uint64) int {
		switch {
		case e.Seq < seq:
			return -1
		case e.Seq > seq:
			return 1
		}
		return 0
	})
	for _, e := range r.m.log[i:] {
		if !f(e) {
			return
		}
	}
}
