package acm

import (
	"context"
	"crypto/tls"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/certificate"
	"github.com/edgestage/edgestage/state/model"
)

// Index is where certificates are handed for handshakes to find; package sni
// has one.
type Index interface {
	// SetManaged serves c as the certificate of that ARN, of that account.
	SetManaged(arn, account string, c *tls.Certificate) error
	// RemoveManaged ends that.
	RemoveManaged(arn string)
}

// Server hands the issued and imported certificates of all edges to an index,
// unsealed, as soon as their rows are here. A certificate past its end stays
// there: what a client is shown then is the index's to choose.
type Server struct {
	replica *state.Replica
	sealer  certificate.Sealer
	index   Index
	stapler *Stapler
	log     *zap.Logger
	metrics atomic.Pointer[Metrics]
	held    atomic.Int64
	first   atomic.Pointer[[]*model.CertificateLeaf] // of those served, by ARN; at most maxEnds

	cancel context.CancelFunc
	done   sync.WaitGroup

	rows   map[string]*rowSet // by ARN, of follow
	served map[string]*model.CertificateLeaf
}

// NewServer returns a server that hands nothing over yet. The stapler may be
// nil.
func NewServer(r *state.Replica, s certificate.Sealer, x Index, st *Stapler, log *zap.Logger) *Server {
	srv := &Server{
		replica: r, sealer: s, index: x, stapler: st, log: log,
		rows: make(map[string]*rowSet), served: make(map[string]*model.CertificateLeaf),
	}
	srv.first.Store(new([]*model.CertificateLeaf))
	return srv
}

// Use has m tell how many certificates are served, and until when they are
// good: each configuration has metrics of its own.
func (s *Server) Use(m *Metrics) {
	s.metrics.Store(m)
	m.ends.server.Store(s)
	m.held.Set(float64(s.held.Load()))
}

// Start begins to hand over.
func (s *Server) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.done.Add(1)
	go s.follow(ctx)
}

// Close ends that. What was handed over stays.
func (s *Server) Close() {
	if s.cancel != nil {
		s.cancel()
	}
	s.done.Wait()
}

func (s *Server) follow(ctx context.Context) {
	defer s.done.Done()
	sub := s.replica.Subscribe(model.TableCertificates, model.TableCertificateLeaves, model.TableCertificateMarks)
	defer sub.Close()
	for {
		b, err := sub.Next(ctx)
		if err != nil {
			return
		}
		s.apply(b)
		sub.Ack(b)
	}
}

func (s *Server) apply(b state.Batch) {
	touched := make(map[string]bool)
	if b.Reset {
		for arn := range s.rows {
			touched[arn] = true
		}
		clear(s.rows)
	}
	for _, c := range b.Changes {
		arn, _, _ := strings.Cut(c.Key, "\x00")
		if s.rows[arn] == nil {
			s.rows[arn] = new(rowSet)
		}
		s.rows[arn].put(c)
		touched[arn] = true
	}
	for arn := range touched {
		s.serve(arn)
	}
	s.held.Store(int64(len(s.served)))
	if len(touched) > 0 {
		s.noteFirst()
	}
	if m := s.metrics.Load(); m != nil {
		m.held.Set(float64(len(s.served)))
	}
}

// noteFirst notes the certificates that are told of one by one.
func (s *Server) noteFirst() {
	var first []*model.CertificateLeaf
	for _, arn := range slices.Sorted(maps.Keys(s.served)) {
		if len(first) == maxEnds {
			break
		}
		first = append(first, s.served[arn])
	}
	s.first.Store(&first)
}

// serve hands one certificate over, or takes it back.
func (s *Server) serve(arn string) {
	r := s.rows[arn]
	if r != nil && r.Certificate == nil && !r.orphaned() {
		delete(s.rows, arn)
	}
	if r == nil || r.Certificate == nil || r.Leaf == nil || r.Revoked != nil || len(r.Leaf.SealedKey) == 0 {
		if s.served[arn] != nil {
			delete(s.served, arn)
			s.stapler.remove(arn)
			s.index.RemoveManaged(arn)
			s.log.Info("certificate is no longer served", zap.String("certificate", arn))
		}
		return
	}
	if s.served[arn] == r.Leaf {
		return
	}
	pair, err := certificate.OpenLeaf(s.sealer, r.Leaf)
	if err == nil {
		c := &tls.Certificate{Certificate: pair.Chain, PrivateKey: pair.Key, Leaf: pair.Leaf}
		s.stapler.remove(arn)
		if err = s.index.SetManaged(arn, r.Account, c); err == nil {
			s.served[arn] = r.Leaf
			s.stapler.add(arn, r.Account, c)
		}
	}
	if err != nil {
		s.log.Error("certificate cannot be served", zap.String("certificate", arn), zap.Error(err))
	}
}
