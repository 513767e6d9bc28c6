package edgenode

import (
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state/keyfile"
	"github.com/edgestage/edgestage/state/seal"
)

// errSharedKey is why a sealing key that is a gossip key is refused.
var errSharedKey = errors.New("seal_key_file and key_file have a key in common: every node that holds it could open what is sealed")

// keyring returns the sealing keys, nil if no file is named.
func (s Settings) keyring() (*seal.Keyring, error) {
	if s.SealKeyFile == "" {
		return nil, nil
	}
	keys, err := keyfile.Read(s.SealKeyFile)
	if err != nil {
		return nil, fmt.Errorf("reading sealing keys: %w", err)
	}
	if g := s.Gossip; g != nil && g.KeyFile != "" {
		gossip, err := keyfile.Read(g.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("reading gossip keys: %w", err)
		}
		if keyfile.Share(keys, gossip) {
			return nil, errSharedKey
		}
	}
	return seal.NewKeyring(keys)
}

// offerKeys takes ring into use if there are no keys yet: a node that was not
// started needs them as well.
func (s *sharedNode) offerKeys(ring *seal.Keyring) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys.Keyring() == nil {
		s.keys.Set(ring)
	}
}

// useKeys takes ring into use.
func (s *sharedNode) useKeys(ring *seal.Keyring, logger *zap.Logger) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys.Set(ring)
	if ids := ring.IDs(); len(ids) > 0 {
		logger.Info("sealing keys in use", zap.Stringer("seals", ids[0]), zap.Int("open", len(ids)))
	}
}
