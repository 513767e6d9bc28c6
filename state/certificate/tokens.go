package certificate

import (
	"crypto/rand"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// AddTokens gives a certificate that is about to be asked for its proofs, made
// from the account's seed, and the account a seed where it has none.
func AddTokens(t *state.Tx, cert *model.Certificate, now time.Time) error {
	var seeds []*model.ValidationSeed
	t.Range(model.TableValidationSeeds, model.ValidationSeedPrefix(cert.Account), "", func(v model.Value, _ state.Version) bool {
		seeds = append(seeds, v.(*model.ValidationSeed))
		return true
	})
	seed := model.EarliestSeed(seeds)
	if seed == nil {
		seed = &model.ValidationSeed{Account: cert.Account, Bytes: make([]byte, 32), Since: now.UnixMilli()}
		_, _ = rand.Read(seed.Bytes) // never fails
		if err := t.Put(seed); err != nil {
			return err
		}
	}
	for _, n := range cert.Names {
		if _, ok := cert.Token(n); !ok {
			cert.Tokens = append(cert.Tokens, seed.Token(n))
		}
	}
	return nil
}
