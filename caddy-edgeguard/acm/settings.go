package acm

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddypki"
	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/certificate"
)

// Settings say how this edge issues the certificates that are asked for by the
// ACM API. All edges of a cluster should say the same.
type Settings struct {
	// Who issues: `internal` for the CA of Caddy's PKI, or the URL of an ACME
	// directory. Default: `internal`. With a directory the validation record
	// stands at `_acme-challenge.` and the name, where such a CA looks.
	CA string `json:"ca,omitempty"`

	// The resolvers that names are proven with: IP addresses, with or without
	// port, asked in order until one answers. Default: those of the edge, else
	// those of the system. What they cache delays a proof.
	Resolvers []string `json:"resolvers,omitempty"`

	// Whether the validation records of names in public hosted zones of the
	// same account are created by themselves. Default: no, the requester
	// creates them.
	CreateRecords bool `json:"create_records,omitempty"`

	// How long certificates of the internal CA are valid. Default: 198 days.
	Lifetime caddy.Duration `json:"lifetime,omitempty"`

	// How long before its end a certificate is renewed, at most nine tenths of
	// its life. Default: 60 days, or a third of a life shorter than 180.
	RenewBefore caddy.Duration `json:"renew_before,omitempty"`

	// The email address that the ACME CA may write to. Default: none.
	Email string `json:"email,omitempty"`

	// Binds the account at the ACME CA to an account that exists there.
	// Default: none.
	ExternalAccount *ExternalAccount `json:"external_account,omitempty"`

	// PEM files with the root certificates that vouch for the ACME CA's
	// server. Default: the system's.
	TrustedRoots []string `json:"trusted_roots,omitempty"`
}

// ExternalAccount is an external account binding (RFC 8555 section 7.3.4).
type ExternalAccount struct {
	// The key identifier, as the CA gave it.
	KeyID string `json:"key_id"`

	// The MAC key, base64url-encoded, as the CA gave it. It is a secret.
	MACKey string `json:"mac_key"`
}

// internal is the name of Caddy's own CA.
const internal = "internal"

// withACME tells whether a CA is asked by ACME.
func (s *Settings) withACME() bool { return s.CA != "" && s.CA != internal }

// Validate refuses settings that cannot work, all at once.
func (s *Settings) Validate() error {
	var errs []error
	if s.withACME() {
		if u, err := url.Parse(s.CA); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			errs = append(errs, fmt.Errorf("ca %q is neither '%s' nor the URL of an ACME directory", s.CA, internal))
		}
		if s.Lifetime != 0 {
			errs = append(errs, errors.New("lifetime is for the internal CA: an ACME CA has its own"))
		}
	} else if s.Email != "" || s.ExternalAccount != nil || len(s.TrustedRoots) > 0 {
		errs = append(errs, errors.New("email, eab and trusted_roots are for an ACME CA: name its directory by 'ca'"))
	}
	if l := time.Duration(s.Lifetime); l != 0 && (l < time.Minute || l > 10*365*24*time.Hour) {
		errs = append(errs, fmt.Errorf("lifetime %v out of range [1m, 10y]", l))
	}
	if b := time.Duration(s.RenewBefore); b != 0 && (b < time.Second || b > 10*365*24*time.Hour) {
		errs = append(errs, fmt.Errorf("renew_before %v out of range [1s, 10y]", b))
	}
	if e := s.ExternalAccount; e != nil && (e.KeyID == "" || e.MACKey == "") {
		errs = append(errs, errors.New("eab needs a key id and a MAC key"))
	}
	_, err := s.servers()
	return errors.Join(append(errs, err)...)
}

// servers returns the addresses of the resolvers, with ports.
func (s *Settings) servers() ([]string, error) {
	var out []string
	for _, r := range s.Resolvers {
		if a, err := netip.ParseAddr(r); err == nil {
			out = append(out, netip.AddrPortFrom(a, 53).String())
			continue
		}
		host, port, err := net.SplitHostPort(r)
		if err == nil {
			_, err = netip.ParseAddr(host)
		}
		if n, perr := strconv.ParseUint(port, 10, 16); err != nil || perr != nil || n == 0 {
			return nil, fmt.Errorf("resolver %q is no IP address with or without port", r)
		}
		out = append(out, r)
	}
	return out, nil
}

// Authority returns the CA of the settings. It loads Caddy's PKI where that is
// the CA.
func (s *Settings) Authority(ctx caddy.Context, sealer certificate.Sealer) (*Deferred, error) {
	if !s.withACME() {
		app, err := ctx.App("pki")
		if err != nil {
			return nil, fmt.Errorf("getting pki app: %w", err)
		}
		ca, err := app.(*caddypki.PKI).GetCA(ctx, caddypki.DefaultCAID)
		if err != nil {
			return nil, fmt.Errorf("getting the internal CA: %w", err)
		}
		lifetime := time.Duration(s.Lifetime)
		if lifetime == 0 {
			lifetime = DefaultLifetime
		}
		return &Deferred{make: func(*state.Replica) Authority { return NewInternalCA(ca, lifetime, nil) }}, nil
	}
	c := ACMEConfig{Directory: s.CA, Email: s.Email, Sealer: sealer, Log: ctx.Logger()}
	if e := s.ExternalAccount; e != nil {
		c.KeyID, c.MACKey = e.KeyID, e.MACKey
	}
	for _, path := range s.TrustedRoots {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading trusted roots: %w", err)
		}
		if c.Roots == nil {
			c.Roots = x509.NewCertPool()
		}
		if !c.Roots.AppendCertsFromPEM(data) {
			return nil, fmt.Errorf("reading trusted roots: %q holds no certificate in PEM", path)
		}
	}
	return &Deferred{make: func(r *state.Replica) Authority {
		c.Replica = r
		return NewACME(c)
	}}, nil
}

// Deferred is a CA that is complete once the node is open.
type Deferred struct {
	make func(r *state.Replica) Authority
}

// Open returns the CA.
func (d *Deferred) Open(r *state.Replica) Authority { return d.make(r) }

// Resolver returns the resolver of the settings.
func (s *Settings) Resolver() (*Resolver, error) {
	servers, err := s.servers()
	if err == nil && len(servers) == 0 {
		servers, err = SystemServers()
	}
	return &Resolver{Servers: servers}, err
}

// Config returns what an engine of these settings is made of, but for the node.
func (s *Settings) Config(log *zap.Logger, m *Metrics) (Config, error) {
	r, err := s.Resolver()
	return Config{Resolver: r, CreateRecords: s.CreateRecords, RenewBefore: time.Duration(s.RenewBefore), Log: log, Metrics: m}, err
}

// UnmarshalCaddyfile sets up the settings from the tokens of the property
// `acm`, whose name was read. Syntax:
//
//	acm {
//	    ca             internal|<directory_url>
//	    resolver       <ip[:port]...>
//	    create_records
//	    lifetime       <duration>
//	    renew_before   <duration>
//	    email          <address>
//	    eab            <key_id> <mac_key>
//	    trusted_roots  <pem_file...>
//	}
func (s *Settings) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := s.unmarshalProperty(d); err != nil {
			return err
		}
	}
	if err := s.Validate(); err != nil {
		return d.WrapErr(err)
	}
	return nil
}

func (s *Settings) unmarshalProperty(d *caddyfile.Dispenser) error {
	switch property := d.Val(); property {
	case "ca":
		return unmarshalText(d, &s.CA)
	case "email":
		return unmarshalText(d, &s.Email)
	case "resolver":
		return unmarshalList(d, &s.Resolvers)
	case "trusted_roots":
		return unmarshalList(d, &s.TrustedRoots)
	case "create_records":
		s.CreateRecords = true
		if d.NextArg() {
			return d.ArgErr()
		}
		return nil
	case "lifetime":
		return unmarshalDuration(d, &s.Lifetime)
	case "renew_before":
		return unmarshalDuration(d, &s.RenewBefore)
	case "eab":
		s.ExternalAccount = new(ExternalAccount)
		if !d.AllArgs(&s.ExternalAccount.KeyID, &s.ExternalAccount.MACKey) {
			return d.ArgErr()
		}
		return nil
	}
	return d.Errf("unrecognized subdirective '%s'", d.Val())
}

func unmarshalText(d *caddyfile.Dispenser, to *string) error {
	if *to != "" {
		return d.Errf("'%s' is given twice", d.Val())
	}
	if !d.AllArgs(to) {
		return d.ArgErr()
	}
	return nil
}

func unmarshalDuration(d *caddyfile.Dispenser, to *caddy.Duration) error {
	property, text := d.Val(), ""
	if *to != 0 {
		return d.Errf("'%s' is given twice", property)
	}
	if !d.AllArgs(&text) {
		return d.ArgErr()
	}
	duration, err := caddy.ParseDuration(text)
	if err != nil {
		return d.Errf("parsing %s: %v", property, err)
	}
	*to = caddy.Duration(duration)
	return nil
}

func unmarshalList(d *caddyfile.Dispenser, to *[]string) error {
	args := d.RemainingArgs()
	if len(args) == 0 {
		return d.ArgErr()
	}
	*to = append(*to, args...)
	return nil
}
