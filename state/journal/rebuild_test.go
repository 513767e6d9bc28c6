package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/hlc"
)

// manyRows returns a write of n rows at a stamp.
func manyRows(n int, stamp hlc.Stamp) *state.Write {
	w := &state.Write{Log: []state.LogEntry{{Seq: uint64(stamp), Version: state.Version{Stamp: stamp, Origin: 1}}}}
	for i := range n {
		w.Put = append(w.Put, &state.Row{
			Table: "t", Key: fmt.Sprintf("%06d", i), Version: state.Version{Stamp: stamp, Origin: 1}, Value: []byte(fmt.Sprint(stamp)),
		})
	}
	return w
}

// uniform returns how many rows there are, and whether all have one stamp.
func uniform(j *Journal) (n int, one bool) {
	stamps := map[hlc.Stamp]bool{}
	_ = j.Read(func(r state.StoreReader) error {
		r.Range("t", "", func(row *state.Row) bool {
			stamps[row.Version.Stamp] = true
			n++
			return true
		})
		return nil
	})
	return n, len(stamps) == 1
}

// TestLargeWriteIsOneMoment writes all rows again and again, each time into a
// new file, while others read them: nobody sees a part of a write, and none fails.
func TestLargeWriteIsOneMoment(t *testing.T) {
	dir := t.TempDir()
	j := open1(t, dir)
	j.large = 1000
	const rows = largeStep + 1000
	if err := j.Write(manyRows(rows, 1)); err != nil {
		t.Fatal(err)
	}
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if n, one := uniform(j); n != rows || !one {
					t.Errorf("%d rows, of one write: %v, want %d of one", n, one, rows)
					return
				}
			}
		})
	}
	for stamp := hlc.Stamp(2); stamp < 5; stamp++ {
		if err := j.Write(manyRows(rows, stamp)); err != nil {
			t.Errorf("Write = %v", err)
		}
	}
	close(stop)
	readers.Wait()
	want := dump(j, "")
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, FileName+newSuffix), []byte("what a crash leaves"))
	j = open1(t, dir)
	defer j.Close()
	if got := dump(j, ""); got != want {
		t.Error("the file holds something else when it is opened again")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*"+newSuffix)); len(left) > 0 {
		t.Errorf("%q are left", left)
	}
}

// TestLargeWriteFails makes the new file impossible: the old one stays what it
// was, and the same write works once it can.
func TestLargeWriteFails(t *testing.T) {
	dir := t.TempDir()
	j := open1(t, dir)
	defer j.Close()
	j.large = 10
	if err := j.Write(manyRows(20, 1)); err != nil {
		t.Fatal(err)
	}
	before := dump(j, "")
	obstacle := filepath.Join(dir, FileName+newSuffix, "x")
	if err := os.MkdirAll(obstacle, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := j.Write(manyRows(30, 2)); err == nil {
		t.Error("Write without room for a new file succeeded")
	}
	if got := dump(j, ""); got != before {
		t.Errorf("after a failed write there is\n%s\nwant\n%s", got, before)
	}
	if err := os.RemoveAll(filepath.Dir(obstacle)); err != nil {
		t.Fatal(err)
	}
	if err := j.Write(manyRows(30, 2)); err != nil {
		t.Errorf("Write = %v", err)
	}
	if n, one := uniform(j); n != 30 || !one {
		t.Errorf("%d rows, of one write: %v, want 30 of one", n, one)
	}
}

// TestLargeWriteUnsure lets the folder's sync fail once the new file is in place:
// the write may be lost in a crash, so it has failed, but what is there can be
// read and written on.
func TestLargeWriteUnsure(t *testing.T) {
	j := open1(t, t.TempDir())
	defer j.Close()
	j.large = 10
	broken := errors.New("input/output error")
	j.syncDir = func(string) error { return broken }
	if err := j.Write(manyRows(20, 1)); !errors.Is(err, broken) {
		t.Errorf("Write = %v, want %v", err, broken)
	}
	if n, one := uniform(j); n != 20 || !one {
		t.Errorf("%d rows, of one write: %v, want 20 of one", n, one)
	}
	j.syncDir = syncDir
	if err := j.Write(manyRows(30, 2)); err != nil {
		t.Errorf("Write = %v", err)
	}
	if n, one := uniform(j); n != 30 || !one {
		t.Errorf("%d rows, of one write: %v, want 30 of one", n, one)
	}
}

// TestReplacedFileIsInUse opens a file that is replaced before its lock is had,
// as a large write of another process does.
func TestReplacedFileIsInUse(t *testing.T) {
	dir := t.TempDir()
	j := open1(t, dir)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, FileName)
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := stillAt(path, file); err != nil {
		t.Errorf("stillAt = %v of the file itself", err)
	}
	db, err := bbolt.Open(path+newSuffix, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Close(), os.Rename(path+newSuffix, path)); err != nil {
		t.Fatal(err)
	}
	if err := stillAt(path, file); !errors.Is(err, ErrInUse) {
		t.Errorf("stillAt = %v of a file that was replaced, want %v", err, ErrInUse)
	}
}
