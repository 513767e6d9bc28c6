package acm

import (
	"bytes"
	"context"
	"crypto/tls"
	"slices"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

// stapleInterval is how often the staples that certmagic keeps fresh are looked
// at.
const stapleInterval = time.Minute

// Stapler gives certificates OCSP staples, where their CA has a responder. It
// serves first and staples after: the first look-up takes as long as the
// responder likes. certmagic asks, checks, stores and refreshes, in a cache of
// its own that no handshake sees. A nil Stapler does nothing.
type Stapler struct {
	cache  *certmagic.Cache
	config *certmagic.Config
	index  Index
	log    *zap.Logger
	ctx    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu    sync.Mutex
	certs map[string]*stapled // by ARN
}

// stapled is a certificate that has a responder.
type stapled struct {
	account string
	cert    *tls.Certificate
	hash    string
	staple  []byte // handed to the index
}

// NewStapler returns a stapler that keeps what it gets in a storage.
func NewStapler(storage certmagic.Storage, x Index, log *zap.Logger) *Stapler {
	s := &Stapler{index: x, log: log, certs: make(map[string]*stapled)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return s.config, nil },
		Logger:           log,
	})
	s.config = certmagic.New(s.cache, certmagic.Config{Storage: storage, Logger: log})
	s.done.Add(1)
	go s.loop()
	return s
}

// Close ends all work.
func (s *Stapler) Close() {
	if s == nil {
		return
	}
	s.cancel()
	s.done.Wait()
	s.cache.Stop()
}

func (s *Stapler) loop() {
	defer s.done.Done()
	tick := time.NewTicker(stapleInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.mu.Lock()
			for arn, c := range s.certs {
				s.handLocked(arn, c)
			}
			s.mu.Unlock()
		case <-s.ctx.Done():
			return
		}
	}
}

// add has a certificate stapled that the index has without a staple. Before the
// index gets it, [Stapler.remove] must have ended the stapling of the earlier.
func (s *Stapler) add(arn, account string, cert *tls.Certificate) {
	if s == nil {
		return
	}
	if len(cert.Leaf.OCSPServer) == 0 {
		return
	}
	c := &stapled{account: account, cert: cert}
	s.mu.Lock()
	s.certs[arn] = c
	s.mu.Unlock()
	s.done.Add(1)
	go func() {
		defer s.done.Done()
		hash, err := s.config.CacheUnmanagedTLSCertificate(s.ctx, *cert, []string{arn})
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case s.certs[arn] != c && hash != "":
			s.cache.Remove([]string{hash}) // removed or replaced meanwhile
		case err != nil:
			s.log.Warn("certificate is served without OCSP staple", zap.String("certificate", arn), zap.Error(err))
		default:
			c.hash = hash
			s.handLocked(arn, c)
		}
	}()
}

// handLocked gives the index the certificate with its newest staple.
func (s *Stapler) handLocked(arn string, c *stapled) {
	if c.hash == "" {
		return
	}
	names := append(slices.Clone(c.cert.Leaf.DNSNames), c.cert.Leaf.Subject.CommonName)
	for _, name := range names {
		for _, held := range s.cache.AllMatchingCertificates(name) {
			if held.Hash() != c.hash || bytes.Equal(held.OCSPStaple, c.staple) {
				continue
			}
			next := *c.cert
			next.OCSPStaple = held.OCSPStaple
			if err := s.index.SetManaged(arn, c.account, &next); err != nil {
				s.log.Error("OCSP staple is not served", zap.String("certificate", arn), zap.Error(err))
				return
			}
			c.staple = held.OCSPStaple
			return
		}
	}
}

// remove ends the stapling of a certificate.
func (s *Stapler) remove(arn string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.certs[arn]; c != nil {
		delete(s.certs, arn)
		if c.hash != "" {
			s.cache.Remove([]string{c.hash})
		}
	}
}
