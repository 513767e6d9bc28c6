package gossip

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"time"
)

// ErrForeignKey says that a peer has none of our gossip keys.
var ErrForeignKey = errors.New("the other side has a different gossip key")

// openKey stands in where there is no key file, which only a loopback address
// allows: it keeps nobody out.
func openKey() []byte {
	sum := sha256.Sum256([]byte("edgestage/1 loopback"))
	return sum[:]
}

// identity is what this node shows on streams, and whom it accepts.
type identity struct {
	cert  tls.Certificate
	peers []ed25519.PublicKey
}

// newIdentity derives an Ed25519 certificate from the first key; the owners of
// all keys are accepted. Who has the key can make the certificate, so showing
// it (and TLS 1.3 proves that the private key is there) shows the key.
func newIdentity(keys [][]byte) (*identity, error) {
	id := &identity{}
	for i, key := range keys {
		seed, err := hkdf.Key(sha256.New, key, nil, "edgestage/1 stream", ed25519.SeedSize)
		if err != nil {
			return nil, err
		}
		private := ed25519.NewKeyFromSeed(seed)
		id.peers = append(id.peers, private.Public().(ed25519.PublicKey))
		if i > 0 {
			continue
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1),
			Subject:      pkix.Name{CommonName: "edgestage"},
			NotBefore:    time.Unix(0, 0),
			NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
		if err != nil {
			return nil, err
		}
		id.cert = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}
	}
	return id, nil
}

// config returns TLS settings for both sides of a stream.
func (id *identity) config() *tls.Config {
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{id.cert},
		ClientAuth:   tls.RequireAnyClientCert,
		// Names and dates mean nothing here: the key is what is verified.
		InsecureSkipVerify:     true,
		VerifyConnection:       id.verify,
		SessionTicketsDisabled: true,
	}
}

func (id *identity) verify(cs tls.ConnectionState) error {
	if len(cs.PeerCertificates) != 1 {
		return ErrForeignKey
	}
	shown, ok := cs.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
	for _, want := range id.peers {
		if ok && want.Equal(shown) {
			return nil
		}
	}
	return ErrForeignKey
}
