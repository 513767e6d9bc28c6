// Package edgenode is this process's copy of the replicated state, as Caddy's
// modules share it: one node, open across configuration reloads, whoever asks
// for it first.
//
// The app `edgeguard` starts it. Storage, issuers, providers and handlers may
// need it before Caddy has loaded that app, and must not load it themselves
// (an app that is asked for while it asks for others is half built): they
// [Look]. Each holds a reference of its own and gives it back in its Cleanup.
// It is the leaf below the packages of the edge and imports none of them.
package edgenode

import "github.com/edgestage/edgestage/state/node"

// Settings are what the app `edgeguard` says about the node.
type Settings struct {
	// The folder that keeps the durable state; created if it is not there.
	// One process at a time may use it. Default: none, the state is kept in
	// memory only and a restart begins as a new member.
	Data string `json:"data,omitempty"`

	// The name of this node, a label in logs and endpoints. No two live nodes
	// should share one. Default: the machine's host name, without domain, and
	// `-edge`.
	Node string `json:"node,omitempty"`

	// The AWS Region in which this node stands. Clients are led to edges in
	// Regions near to them. Default: `us-east-1`.
	Region string `json:"region,omitempty"`

	// How this node finds the others. Default: none, it stands alone.
	Gossip *Gossip `json:"gossip,omitempty"`

	// The file that holds the keys that seal secrets in the state, such as
	// private keys of certificates: 32 bytes in base64 a line, the first seals,
	// all open. It is read again at every reload. All Caddy nodes of a cluster
	// need the same keys, DNS nodes none; a key of the gossip is refused, for
	// those have it. Default: none, nothing can be sealed.
	SealKeyFile string `json:"seal_key_file,omitempty"`
}

// Gossip says how a node finds the others of its cluster and talks to them.
type Gossip struct {
	// The IP address and port at which other nodes reach this one, TCP and
	// UDP. Anything but a loopback address needs a key file.
	Bind string `json:"bind"`

	// Addresses, as host:port, of nodes to join. One that answers is enough;
	// names are resolved again and again. Default: none, others join this
	// node.
	Join []string `json:"join,omitempty"`

	// The IP address, with or without port, that others are told. Default:
	// that of `bind`; required if that is unspecified (`0.0.0.0`, `::`).
	Advertise string `json:"advertise,omitempty"`

	// The file that holds the gossip keys: 32 bytes in base64 a line, the
	// first encrypts, all decrypt. It is read again at every reload, so that
	// keys can be exchanged while Caddy runs. Who holds a key may change all
	// state. Default: none, on loopback only.
	KeyFile string `json:"key_file,omitempty"`
}

// Config returns what the node is opened with, defaults filled in.
func (s Settings) Config() node.Config {
	c := node.Config{Data: s.Data, Name: s.Node, Kind: node.KindEdge, Region: s.Region}
	if g := s.Gossip; g != nil {
		c.Gossip = &node.Gossip{Bind: g.Bind, Join: g.Join, Advertise: g.Advertise, KeyFile: g.KeyFile}
	}
	return c.WithDefaults()
}
