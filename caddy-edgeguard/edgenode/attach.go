package edgenode

import (
	"errors"
	"io"
	"slices"
)

// attachment is something that lives as long as the node.
type attachment struct {
	key   any
	value io.Closer
}

// attach returns what is attached under key, made by make if need be.
func (s *sharedNode) attach(key any, make func(*Ref) io.Closer) io.Closer {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.attached {
		if a.key == key {
			return a.value
		}
	}
	ref := &Ref{shared: s}
	ref.once.Do(func() {}) // it is no share: there is nothing to give back
	a := attachment{key, make(ref)}
	s.attached = append(s.attached, a)
	return a.value
}

// detach closes what is attached, the last first. It does not hold the lock
// meanwhile: what is closed may still read.
func (s *sharedNode) detach() error {
	s.mu.Lock()
	attached := s.attached
	s.attached = nil
	s.mu.Unlock()
	var errs []error
	for _, a := range slices.Backward(attached) {
		errs = append(errs, a.value.Close())
	}
	return errors.Join(errs...)
}
