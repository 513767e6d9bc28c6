package model

// Secret is a value that carries something sealed for its row's table and key.
type Secret interface {
	Value
	// Envelope returns what is sealed. It is shared: never modify it.
	Envelope() []byte
	// WithEnvelope returns a copy of the value that carries sealed instead.
	WithEnvelope(sealed []byte) Value
}

// SecretTables returns the tables whose values are each a [Secret].
func SecretTables() []string {
	return []string{TableACMEAccounts, TableCertificateLeaves, TableStoredFiles, TableStoredParts}
}

// Envelope implements [Secret].
func (f *StoredFile) Envelope() []byte { return f.Sealed }

// WithEnvelope implements [Secret].
func (f *StoredFile) WithEnvelope(sealed []byte) Value {
	c := *f
	c.Sealed = sealed
	return &c
}

// Envelope implements [Secret].
func (p *StoredPart) Envelope() []byte { return p.Sealed }

// WithEnvelope implements [Secret].
func (p *StoredPart) WithEnvelope(sealed []byte) Value {
	c := *p
	c.Sealed = sealed
	return &c
}

// Envelope implements [Secret]: the private key.
func (l *CertificateLeaf) Envelope() []byte { return l.SealedKey }

// WithEnvelope implements [Secret].
func (l *CertificateLeaf) WithEnvelope(sealed []byte) Value {
	c := *l
	c.SealedKey = sealed
	return &c
}

// Envelope implements [Secret]: the private key.
func (a *ACMEAccount) Envelope() []byte { return a.SealedKey }

// WithEnvelope implements [Secret].
func (a *ACMEAccount) WithEnvelope(sealed []byte) Value {
	c := *a
	c.SealedKey = sealed
	return &c
}

// Interface guards
var (
	_ Secret = (*StoredFile)(nil)
	_ Secret = (*StoredPart)(nil)
	_ Secret = (*CertificateLeaf)(nil)
	_ Secret = (*ACMEAccount)(nil)
)
