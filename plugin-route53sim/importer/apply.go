package importer

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// Rows is what [Apply] needs of a commit in the making; *[state.Tx] is one.
type Rows interface {
	Get(table, key string) (model.Value, bool)
	RangeEncoded(table, prefix string, f func(key string, value []byte) bool)
	Put(v model.Value) error
	PutPrepared(p *state.Prepared)
	Delete(table, key string)
}

var _ Rows = (*state.Tx)(nil)

// Apply makes the document's zone exactly what the document says: it writes
// rows that are new or different, deletes the zone's other RRsets but those of
// traffic policy instances, and remembers the document's hash. Health checks are written, never deleted: a
// zone of another document may need them. Where the zone was loaded from this
// very document last, it writes nothing and returns false.
//
// A zone or health check that belongs to another account is an error; nothing
// that Apply wrote may be committed then.
func Apply(t Rows, doc *Document) (changed bool, err error) {
	imported := lastImport(t, doc)
	if len(imported.Hashes) > 0 && bytes.Equal(imported.Hashes[0], doc.Hash[:]) {
		return false, nil
	}
	if doc.Zone != nil {
		if err := applyZone(t, doc); err != nil {
			return false, err
		}
	}
	for _, h := range doc.HealthChecks {
		if err := applyHealthCheck(t, doc, *h); err != nil {
			return false, err
		}
	}
	return true, t.Put(remember(imported, doc))
}

// lastImport returns what is remembered of the document's subject.
func lastImport(t Rows, doc *Document) model.Import {
	v, ok := t.Get(model.TableImports, doc.Subject())
	if !ok {
		return model.Import{Zone: doc.Subject()}
	}
	return *v.(*model.Import)
}

// remember returns i with the document's hash before the others.
func remember(i model.Import, doc *Document) *model.Import {
	hashes := [][]byte{doc.Hash[:]}
	for _, h := range i.Hashes {
		if !bytes.Equal(h, doc.Hash[:]) && len(hashes) < model.MaxImportHashes {
			hashes = append(hashes, h)
		}
	}
	i.Hashes, i.At = hashes, doc.At
	return &i
}

// applyZone writes the zone's row and its RRsets.
func applyZone(t Rows, doc *Document) error {
	z := *doc.Zone
	z.Created = doc.At
	if v, ok := t.Get(model.TableZones, z.ID); ok {
		old := v.(*model.Zone)
		if old.Account != z.Account {
			return fmt.Errorf("hosted zone %s belongs to account %s, the document is account %s's", z.ID, old.Account, z.Account)
		}
		z.Created = old.Created
	}
	if err := putChanged(t, &z); err != nil {
		return err
	}
	applyRRsets(t, z.ID, doc.rows)
	return nil
}

// applyRRsets makes the RRsets of a zone the ones given, in key order.
func applyRRsets(t Rows, zone string, rows []*state.Prepared) {
	var gone []string
	var changed []*state.Prepared
	rest := rows
	t.RangeEncoded(model.TableRRsets, model.RRsetPrefix(zone), func(key string, value []byte) bool {
		n := 0
		for n < len(rest) && rest[n].Key() < key {
			n++
		}
		changed, rest = append(changed, rest[:n]...), rest[n:]
		switch {
		case len(rest) == 0 || rest[0].Key() != key:
			gone = append(gone, key)
		case rest[0].Same(value):
			rest = rest[1:]
		}
		return true
	})
	for _, key := range gone {
		if unmanaged(t, key) {
			t.Delete(model.TableRRsets, key)
		}
	}
	for _, some := range [...][]*state.Prepared{changed, rest} {
		for _, p := range some {
			t.PutPrepared(p)
		}
	}
}

// unmanaged tells whether no traffic policy instance keeps the RRset of a key:
// no document says what those are, so none takes them away. Rows that cannot be
// read here stay as well.
func unmanaged(t Rows, key string) bool {
	v, ok := t.Get(model.TableRRsets, key)
	return ok && !managed(t, v.(*model.RRset))
}

// managed tells whether a traffic policy instance keeps r.
func managed(t Rows, r *model.RRset) bool {
	if r.TrafficPolicyInstanceID == "" {
		return false
	}
	_, ok := t.Get(model.TableTrafficPolicyInstances, r.TrafficPolicyInstanceID)
	return ok
}

// applyHealthCheck writes a health check, unless it is there already.
func applyHealthCheck(t Rows, doc *Document, h model.HealthCheck) error {
	h.Created = doc.At
	if v, ok := t.Get(model.TableHealthChecks, h.ID); ok {
		old := v.(*model.HealthCheck)
		if old.Account != h.Account {
			return fmt.Errorf("health check %s belongs to account %s, the document is account %s's", h.ID, old.Account, h.Account)
		}
		h.Created = old.Created
	}
	return putChanged(t, &h)
}

// putChanged writes v unless its row is the same already.
func putChanged(t Rows, v model.Value) error {
	if old, ok := t.Get(v.Table(), v.Key()); ok && equal(old, v) {
		return nil
	}
	return t.Put(v)
}

// equal tells whether two values are the same on disk.
func equal(v, w model.Value) bool {
	a, errA := model.Encode(v)
	b, errB := model.Encode(w)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// Outcome is what became of a document.
type Outcome uint8

// What becomes of a document.
const (
	// Unchanged: this node saw it last, or the zone was loaded from it last.
	Unchanged Outcome = iota
	// PassedOver: this node never saw it, but the zone was loaded from it
	// before: an old file on a new node reverts nothing.
	PassedOver
	// Loaded: the zone is now what the document says.
	Loaded
)

// Import applies a document unless that would undo something: see [Outcome].
// It remembers that this node saw it, under path.
func Import(t Rows, path string, doc *Document) (Outcome, error) {
	v, known := t.Get(model.TableSeen, path)
	if known && bytes.Equal(v.(*model.Seen).Hash, doc.Hash[:]) {
		return Unchanged, nil
	}
	if err := t.Put(&model.Seen{Path: path, Hash: doc.Hash[:], Zone: doc.Subject()}); err != nil {
		return Unchanged, err
	}
	old := func(h []byte) bool { return bytes.Equal(h, doc.Hash[:]) }
	if i := slices.IndexFunc(lastImport(t, doc).Hashes, old); i > 0 && !known {
		return PassedOver, nil
	}
	changed, err := Apply(t, doc)
	if err != nil || !changed {
		return Unchanged, err
	}
	return Loaded, nil
}
