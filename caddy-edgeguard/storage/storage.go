// Package storage keeps what Caddy stores (certificates, their keys, ACME
// accounts, OCSP staples, its own CA) in the replicated state, sealed, so that
// all Caddy nodes of a cluster share it without any outside store, and nodes
// without the sealing key carry it without being able to read it.
//
// There is one vault a process, which outlives configurations; its methods are
// safe for concurrent use. Before the node is started, for Caddy loads storage
// before any app and checks configurations without starting them, the vault
// reads what is on this node's disk and holds back what is stored; see early.go.
// Locks are in locks.go.
package storage

import (
	"errors"
	"fmt"
	"io"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/certmagic"

	"github.com/edgestage/edgestage/caddy-edgeguard/edgenode"
)

func init() {
	caddy.RegisterModule(Storage{})
}

// Storage keeps Caddy's files in the state that all nodes share. Their content
// is sealed with the keys in `seal_key_file` of the app `edgeguard`, which is
// required: nodes that serve DNS carry the files and cannot read them.
//
// Locks belong to live nodes: that of a node that has died is free as soon as
// the others have found it dead and five seconds have passed. In a partition
// each side has its own locks, so that at worst both sides ask a CA for the same
// certificate; once healed, what was stored last counts.
type Storage struct {
	ref   *edgenode.Ref
	vault *vault
}

// errNoKeys is why storage without sealing keys is refused.
var errNoKeys = errors.New("'storage edgeguard' needs 'seal_key_file' in the global option 'edgeguard': without it every node could read private keys")

// CaddyModule returns the Caddy module information.
func (Storage) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "caddy.storage.edgeguard",
		New: func() caddy.Module { return new(Storage) },
	}
}

// vaultKey is what the vault is attached to the node under.
type vaultKey struct{}

// Provision takes a share of the node.
func (s *Storage) Provision(ctx caddy.Context) error {
	ref, app, err := edgenode.Join(ctx)
	if errors.Is(err, edgenode.ErrMissing) {
		return fmt.Errorf("%w (commands that load no whole configuration, such as 'caddy storage export', cannot use this storage)", err)
	}
	if err != nil {
		return fmt.Errorf("taking the node: %w", err)
	}
	s.ref = ref
	if app.NodeSettings().SealKeyFile == "" {
		return errNoKeys
	}
	s.vault = ref.Attach(vaultKey{}, func(own *edgenode.Ref) io.Closer { return newVault(own) }).(*vault)
	return nil
}

// CertMagicStorage implements [caddy.StorageConverter]. What it returns goes on
// when this module is cleaned up: locks are released later than that.
func (s *Storage) CertMagicStorage() (certmagic.Storage, error) { return s.vault, nil }

// Cleanup gives the share of the node back.
func (s *Storage) Cleanup() error {
	if s.ref == nil {
		return nil
	}
	return s.ref.Release()
}

// UnmarshalCaddyfile sets up the module from Caddyfile tokens. Syntax:
//
//	storage edgeguard
func (s *Storage) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume module name
	if d.NextArg() {
		return d.ArgErr()
	}
	for d.NextBlock(0) {
		return d.Errf("unrecognized subdirective '%s'", d.Val())
	}
	return nil
}

// Interface guards
var (
	_ caddy.Provisioner      = (*Storage)(nil)
	_ caddy.CleanerUpper     = (*Storage)(nil)
	_ caddy.StorageConverter = (*Storage)(nil)
	_ caddyfile.Unmarshaler  = (*Storage)(nil)
)
