package sni

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// managed holds the certificates of our own. Readers never wait for writers.
type managed struct {
	writing sync.Mutex
	byARN   sync.Map // ARN to *Certificate
	byName  sync.Map // name in a certificate to []*Certificate, never changed in place
}

// each calls add for each certificate of our own that names the host name, or
// has a wildcard for it.
func (m *managed) each(name string, add func(*Certificate)) {
	var exact []*Certificate
	if v, ok := m.byName.Load(name); ok {
		exact = v.([]*Certificate)
	}
	for _, c := range exact {
		add(c)
	}
	if dot := strings.IndexByte(name, '.'); dot > 0 {
		if v, ok := m.byName.Load("*" + name[dot:]); ok {
			for _, c := range v.([]*Certificate) {
				if !slices.Contains(exact, c) {
					add(c)
				}
			}
		}
	}
}

// arn returns the certificate of that ARN, or nil.
func (m *managed) arn(arn string) *Certificate {
	if v, ok := m.byARN.Load(arn); ok {
		return v.(*Certificate)
	}
	return nil
}

// replace puts c, or nothing if it is nil, in the place of the certificate of
// that ARN.
func (m *managed) replace(arn string, c *Certificate) {
	m.writing.Lock()
	defer m.writing.Unlock()
	old := m.arn(arn)
	if c != nil {
		m.byARN.Store(arn, c)
		for _, name := range c.names {
			m.change(name, old, c)
		}
	} else {
		m.byARN.Delete(arn)
	}
	if old == nil {
		return
	}
	for _, name := range old.names {
		if c == nil || !slices.Contains(c.names, name) {
			m.change(name, old, nil)
		}
	}
}

// change puts c, if it is not nil, in the place of old, if that is not nil,
// under one name.
func (m *managed) change(name string, old, c *Certificate) {
	var list []*Certificate
	if v, ok := m.byName.Load(name); ok {
		list = slices.Clone(v.([]*Certificate))
	}
	list = slices.DeleteFunc(list, func(k *Certificate) bool { return k == old || k == c })
	if c != nil {
		list = append(list, c)
	}
	if len(list) == 0 {
		m.byName.Delete(name)
		return
	}
	m.byName.Store(name, list)
}

// SetManaged makes c, with its private key, the certificate of our own of that
// ARN, which belongs to account; it replaces an earlier one of the same ARN.
// The next handshake sees it. c is not copied and must not change any more: a
// new staple needs a new value. Where c cannot be parsed, the earlier one
// stays.
func (x *Index) SetManaged(arn, account string, c *tls.Certificate) error {
	k, err := compile(c)
	if err != nil {
		return fmt.Errorf("certificate %q: %w", arn, err)
	}
	if !k.signs {
		return fmt.Errorf("certificate %q: private key is a %T, which cannot sign", arn, c.PrivateKey)
	}
	k.ID, k.Account = arn, account
	x.managed.replace(arn, k)
	x.generation.Add(1)
	return nil
}

// RemoveManaged takes the certificate of our own of that ARN out, if it is
// there. Connections that it secured go on.
func (x *Index) RemoveManaged(arn string) {
	x.managed.replace(arn, nil)
	x.generation.Add(1)
}

// Managed returns the certificate of our own of that ARN, nil if there is
// none.
func (x *Index) Managed(arn string) *Certificate { return x.managed.arn(arn) }
