package state

import "encoding/hex"

// NodeID returns the identity that the store keeps, and whether it has one.
func NodeID(s Store) (id string, ok bool) {
	_ = s.Read(func(r StoreReader) error {
		if row := r.Get(tableNode, "id"); row != nil && len(row.Value) == 16 {
			id, ok = hex.EncodeToString(row.Value), true
		}
		return nil
	})
	return id, ok
}

// WriteNodeID gives a new store its identity.
func WriteNodeID(s Store, id [16]byte) error {
	return s.Write(&Write{Put: []*Row{{Table: tableNode, Key: "id", Value: id[:]}}})
}
