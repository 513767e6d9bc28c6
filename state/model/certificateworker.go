package model

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// CertificateWorker says that a run of a node works on certificates. It lives
// as long as the run does.
type CertificateWorker struct {
	// Run names the run, Node is the node's name.
	Run  string `cbor:"1,keyasint"`
	Node string `cbor:"2,keyasint"`
	// Directory is the ACME directory that it asks, empty for its own CA.
	Directory string `cbor:"3,keyasint,omitempty"`
}

// Table implements [Value].
func (*CertificateWorker) Table() string { return TableCertificateWorkers }

// Key implements [Value]: the run.
func (w *CertificateWorker) Key() string { return w.Run }

// Validate implements [Value].
func (w *CertificateWorker) Validate() error {
	var run error
	if w.Run == "" || len(w.Run) > 64 {
		run = errors.New("worker on certificates without a run")
	}
	return errors.Join(run, validateText("node of a worker", w.Node), validateText("directory of a worker", w.Directory))
}

// ACMEAccount is an account at an ACME CA that all edges use. Two of them may
// register at once: both rows stay, and the earliest counts.
type ACMEAccount struct {
	// Directory is the CA's, URL names the account there.
	Directory string `cbor:"1,keyasint"`
	URL       string `cbor:"2,keyasint"`
	// SealedKey is its private key in PKCS #8, sealed for this row's table and
	// key.
	SealedKey []byte `cbor:"3,keyasint"`
	// Since is when it was registered, in milliseconds since 1970.
	Since int64 `cbor:"4,keyasint"`
}

// Table implements [Value].
func (*ACMEAccount) Table() string { return TableACMEAccounts }

// Key implements [Value]: see [ACMEAccountPrefix].
func (a *ACMEAccount) Key() string {
	sum := sha256.Sum256([]byte(a.URL))
	return ACMEAccountPrefix(a.Directory) + hex.EncodeToString(sum[:8])
}

// ACMEAccountPrefix returns what the keys of all accounts at a CA begin with.
func ACMEAccountPrefix(directory string) string { return directory + "\x00" }

// Validate implements [Value].
func (a *ACMEAccount) Validate() error {
	err := errors.Join(validateText("directory of an ACME account", a.Directory), validateText("URL of an ACME account", a.URL))
	if n := len(a.SealedKey); n == 0 || n > 16<<10 {
		err = errors.Join(err, fmt.Errorf("sealed key of %d bytes out of range [1, %d]", n, 16<<10))
	}
	return err
}

// EarliestAccount returns the one of a CA's accounts that counts, nil for none:
// a function of the set, whatever its order.
func EarliestAccount(accounts []*ACMEAccount) *ACMEAccount {
	var first *ACMEAccount
	for _, a := range accounts {
		if first == nil || a.Since < first.Since || a.Since == first.Since && a.Key() < first.Key() {
			first = a
		}
	}
	return first
}
