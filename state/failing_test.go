package state

import (
	"errors"
	"sync/atomic"
)

// failingStore is a store whose disk can fail.
type failingStore struct {
	*MemoryStore
	fail atomic.Bool
}

func (s *failingStore) Write(w *Write) error {
	if s.fail.Load() {
		return errors.New("no space left on device")
	}
	return s.MemoryStore.Write(w)
}
