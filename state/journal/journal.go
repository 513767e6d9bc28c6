// Package journal keeps a node's rows and log in one bbolt file. It implements
// [state.Store]; it is the sole importer of bbolt.
//
// A write is one transaction, on the disk (fsync) when Write returns. Rows
// stay in the file: readers see them through short transactions on the mapped
// file. The file is never created half: a new one appears by rename. So does
// what a large write makes of it.
package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/hlc"
)

// FileName is the name of the file in the data folder.
const FileName = "state.db"

// format is the version of the layout; a file of a newer one is refused.
const format = 1

// The errors that opening a journal ends in, beside those of the file system.
var (
	// ErrInUse: another process has the file open.
	ErrInUse = errors.New("in use by another process")
	// ErrCorrupt: the file is empty, cut or not ours.
	ErrCorrupt = errors.New("not a state file, or damaged")
	// ErrNewer: a later release wrote the file.
	ErrNewer = errors.New("written by a newer release")
)

var (
	bucketMeta = []byte("meta")
	bucketRows = []byte("rows")
	bucketLog  = []byte("log")
	keyFormat  = []byte("format")
)

// initialMap is how much address space the file gets at once, so that it is
// seldom mapped anew, which every open read transaction would hold up.
const initialMap = 1 << 30

// lockWait is how long to wait for another process to let go of the file.
const lockWait = time.Second

// newSuffix is what the name of a file ends in before it is whole.
const newSuffix = ".new"

// Journal is an open file. Its methods are safe for concurrent use.
type Journal struct {
	path    string
	db      atomic.Pointer[bbolt.DB] // a large write makes a new file
	closing sync.WaitGroup           // of old files
	large   int                      // what a large write begins with
	syncDir func(dir string) error   // but in tests, syncDir
}

// Open opens the file in folder dir, which it creates if need be. An error
// names the file; see the errors above.
func Open(dir string) (*Journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating the data folder: %w", err)
	}
	path := filepath.Join(dir, FileName)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if err := create(path); err != nil {
			return nil, fmt.Errorf("creating %s: %w", path, err)
		}
	case err != nil:
		return nil, err
	case info.Size() == 0:
		return nil, fmt.Errorf("opening %s: %w: the file is empty", path, ErrCorrupt)
	}
	db, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	// What a crash left half made, and takes room; whoever makes one has the file locked.
	_ = os.Remove(path + newSuffix)
	j := &Journal{path: path, large: large, syncDir: syncDir}
	j.db.Store(db)
	return j, nil
}

func open(path string) (*bbolt.DB, error) {
	var file *os.File
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout: lockWait, FreelistType: bbolt.FreelistMapType, InitialMmapSize: initialMap,
		OpenFile: func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
			file, err = os.OpenFile(name, flag, mode)
			return file, err
		},
	})
	switch {
	case errors.Is(err, errTimeout):
		return nil, ErrInUse
	case isDamage(err):
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	case err != nil:
		return nil, err
	}
	if err = db.View(checkFormat); err == nil {
		err = stillAt(path, file)
	}
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}

// stillAt returns an error where path is another file by now: whoever had file
// locked while it was opened here has put a new one in its place.
func stillAt(path string, file *os.File) error {
	opened, err := file.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !os.SameFile(opened, there) {
		return ErrInUse
	}
	return nil
}

// checkFormat returns an error unless the file has the layout that is written here.
func checkFormat(tx *bbolt.Tx) error {
	meta := tx.Bucket(bucketMeta)
	if meta == nil || tx.Bucket(bucketRows) == nil || tx.Bucket(bucketLog) == nil {
		return fmt.Errorf("%w: a bucket is missing", ErrCorrupt)
	}
	v := meta.Get(keyFormat)
	if len(v) != 4 {
		return fmt.Errorf("%w: no format version", ErrCorrupt)
	}
	if got := binary.BigEndian.Uint32(v); got > format {
		return fmt.Errorf("%w: format %d, this release reads up to %d", ErrNewer, got, format)
	}
	return nil
}

// create makes an empty file and renames it into place.
func create(path string) error {
	db, err := begin(path, bbolt.Options{})
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	if err := os.Rename(path+newSuffix, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// begin makes an empty file beside path, instead of one that a crash has left
// there.
func begin(path string, o bbolt.Options) (*bbolt.DB, error) {
	tmp := path + newSuffix
	if err := os.Remove(tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	o.Timeout, o.FreelistType, o.InitialMmapSize = lockWait, bbolt.FreelistMapType, initialMap
	db, err := bbolt.Open(tmp, 0o600, &o)
	if err != nil {
		return nil, err
	}
	if err := db.Update(makeBuckets); err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}

// makeBuckets makes what an empty file has.
func makeBuckets(tx *bbolt.Tx) error {
	for _, name := range [][]byte{bucketMeta, bucketRows, bucketLog} {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	return tx.Bucket(bucketMeta).Put(keyFormat, binary.BigEndian.AppendUint32(nil, format))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Read implements [state.Store].
func (j *Journal) Read(f func(r state.StoreReader) error) error {
	return j.view(func(tx *bbolt.Tx) error {
		return f(reader{rows: tx.Bucket(bucketRows), log: tx.Bucket(bucketLog)})
	})
}

// view runs f with a read transaction of the file as it is: one that was closed
// meanwhile has made way for another.
func (j *Journal) view(f func(tx *bbolt.Tx) error) error {
	for {
		db := j.db.Load()
		err := db.View(f)
		if !errors.Is(err, errNotOpen) || db == j.db.Load() {
			return err
		}
	}
}

// Write implements [state.Store].
func (j *Journal) Write(w *state.Write) error {
	if len(w.Put) >= j.large {
		return j.rebuild(w)
	}
	return j.db.Load().Update(func(tx *bbolt.Tx) error {
		rows := tx.Bucket(bucketRows)
		for _, r := range w.Put {
			if err := rows.Put(rowKey(r.Table, r.Key), encodeRow(r)); err != nil {
				return err
			}
		}
		for _, r := range w.Drop {
			if err := rows.Delete(rowKey(r.Table, r.Key)); err != nil {
				return err
			}
		}
		return writeLog(tx.Bucket(bucketLog), w)
	})
}

func writeLog(log *bbolt.Bucket, w *state.Write) error {
	log.FillPercent = 0.9 // keys only rise
	for _, e := range w.Log {
		if err := log.Put(seqKey(e.Seq), encodeEntry(e)); err != nil {
			return err
		}
	}
	var old [][]byte // a cursor may skip a key after it deleted one
	c := log.Cursor()
	for k, _ := c.First(); len(k) == 8 && binary.BigEndian.Uint64(k) < w.TrimLog; k, _ = c.Next() {
		old = append(old, bytes.Clone(k))
	}
	for _, k := range old {
		if err := log.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

// Close implements [state.Store].
func (j *Journal) Close() error {
	err := j.db.Load().Close()
	j.closing.Wait()
	return err
}

// rowKey is table, NUL, key: rows sort by table, then key.
func rowKey(table, key string) []byte {
	b := make([]byte, 0, len(table)+1+len(key))
	b = append(b, table...)
	b = append(b, 0)
	return append(b, key...)
}

func seqKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

// The layout of a row: stamp, origin, expiry (8 bytes each), 1 for a value or
// 0 for a tombstone, the value.
const rowHeader = 25

func encodeRow(r *state.Row) []byte {
	return appendRow(make([]byte, 0, rowHeader+len(r.Value)), r)
}

// appendRow appends r, encoded, to b.
func appendRow(b []byte, r *state.Row) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(r.Version.Stamp))
	b = binary.BigEndian.AppendUint64(b, uint64(r.Version.Origin))
	b = binary.BigEndian.AppendUint64(b, uint64(r.Expires))
	if r.Value == nil {
		return append(b, 0)
	}
	return append(append(b, 1), r.Value...)
}

// decodeRow is the inverse of encodeRow; the value is not copied. It returns
// nil for what is no row.
func decodeRow(table, key string, b []byte) *state.Row {
	if len(b) < rowHeader {
		return nil
	}
	r := &state.Row{
		Table: table, Key: key,
		Version: state.Version{
			Stamp:  hlc.Stamp(binary.BigEndian.Uint64(b)),
			Origin: state.Origin(binary.BigEndian.Uint64(b[8:])),
		},
		Expires: int64(binary.BigEndian.Uint64(b[16:])),
	}
	if b[24] == 1 {
		r.Value = b[rowHeader:len(b):len(b)]
	}
	return r
}

// The layout of a log entry: origin, stamp, previous stamp (8 bytes each), 1
// where the commit is kept, the commit.
func encodeEntry(e state.LogEntry) []byte {
	b := make([]byte, 0, rowHeader+len(e.Data))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Version.Origin))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Version.Stamp))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Prev))
	if e.Data == nil {
		return append(b, 0)
	}
	return append(append(b, 1), e.Data...)
}

func decodeEntry(k, b []byte) (state.LogEntry, bool) {
	if len(k) != 8 || len(b) < rowHeader {
		return state.LogEntry{}, false
	}
	e := state.LogEntry{
		Seq: binary.BigEndian.Uint64(k),
		Version: state.Version{
			Origin: state.Origin(binary.BigEndian.Uint64(b)),
			Stamp:  hlc.Stamp(binary.BigEndian.Uint64(b[8:])),
		},
		Prev: hlc.Stamp(binary.BigEndian.Uint64(b[16:])),
	}
	if b[24] == 1 {
		e.Data = b[rowHeader:len(b):len(b)]
	}
	return e, true
}
