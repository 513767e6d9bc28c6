package acm

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/certificate"
	"github.com/edgestage/edgestage/state/model"
)

// ACMEConfig says how a CA is asked by ACME (RFC 8555).
type ACMEConfig struct {
	// Directory is the URL of the CA's directory.
	Directory string
	// Email is the contact of the account, empty for none.
	Email string
	// KeyID and MACKey bind the account to one at the CA, both or neither (RFC
	// 8555 section 7.3.4).
	KeyID, MACKey string
	// Roots are who vouches for the directory's server; nil: the system's.
	Roots *x509.CertPool

	Replica *state.Replica
	Sealer  certificate.Sealer
	Log     *zap.Logger
}

// ACME is a CA that is asked by ACME. All edges share one account, whose key is
// sealed in the state. Challenges are answered by rows that every DNS node
// serves: at the target of the certificate's CNAME record, and at the name that
// the CA looks at, for zones of ours.
type ACME struct {
	c      ACMEConfig
	client *http.Client
	mu     sync.Mutex // one registration at a time
}

// NewACME returns the authority. It has no side effects.
func NewACME(c ACMEConfig) *ACME {
	client := &http.Client{Timeout: 30 * time.Second}
	if c.Roots != nil {
		client.Transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: c.Roots}, ForceAttemptHTTP2: true,
		}
	}
	return &ACME{c: c, client: client}
}

// Directory implements [Authority].
func (a *ACME) Directory() string { return a.c.Directory }

// CAAIssuers implements [Authority]: what the directory says.
func (a *ACME) CAAIssuers(ctx context.Context) ([]string, error) {
	dir, err := a.acme(nil).GetDirectory(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the directory of the CA: %w", err)
	}
	if dir.Meta == nil {
		return nil, nil
	}
	return dir.Meta.CAAIdentities, nil
}

func (a *ACME) acme(log *slog.Logger) *acme.Client {
	return &acme.Client{Directory: a.c.Directory, HTTPClient: a.client, UserAgent: "edgestage", Logger: log}
}

// Issue implements [Authority]. An account that the CA no longer knows, as after
// the loss of its database, is registered anew.
func (a *ACME) Issue(ctx context.Context, csr *x509.CertificateRequest, cert *model.Certificate) ([][]byte, error) {
	client := a.acme(slog.New(zapslog.NewHandler(a.c.Log.Core(), zapslog.WithName("acme"))))
	account, err := a.account(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("registering at the CA: %w", err)
	}
	chain, err := a.order(ctx, client, account, csr, cert)
	if problemOf(err).Type != acme.ProblemTypeAccountDoesNotExist {
		return chain, refusal(err)
	}
	a.c.Log.Warn("the CA does not know the ACME account, registering anew", zap.String("account", account.Location), zap.Error(err))
	if account, err = a.replace(ctx, client, account); err != nil {
		return nil, fmt.Errorf("registering at the CA: %w", err)
	}
	chain, err = a.order(ctx, client, account, csr, cert)
	return chain, refusal(err)
}

// order has the CA issue to an account.
func (a *ACME) order(ctx context.Context, client *acme.Client, account acme.Account, csr *x509.CertificateRequest, cert *model.Certificate) ([][]byte, error) {
	s := &solver{ACME: a, cert: cert, account: account}
	solving := &acmez.Client{Client: client, ChallengeSolvers: map[string]acmez.Solver{acme.ChallengeTypeDNS01: s}}
	if a.ours(cert) {
		solving.ChallengeSolvers[acme.ChallengeTypeDNSPersist01] = s
	}
	params, err := acmez.OrderParametersFromCSR(account, csr)
	if err != nil {
		return nil, err
	}
	chains, err := solving.ObtainCertificate(ctx, params)
	if err != nil {
		return nil, err
	}
	return readChain(chains[0].ChainPEM)
}

// ours tells whether all names lie in public hosted zones of ours, so that we
// answer what a CA asks under them, whatever its name.
func (a *ACME) ours(cert *model.Certificate) bool {
	zones := make(map[model.Name]*model.Zone)
	err := a.c.Replica.View(func(rd *state.Reader) error {
		rd.Range(model.TableZones, "", "", func(v model.Value, _ state.Version) bool {
			if z := v.(*model.Zone); !z.Private {
				zones[z.Name] = z
			}
			return true
		})
		return nil
	})
	return err == nil && !slices.ContainsFunc(cert.Names, func(n model.Name) bool { return zoneOf(zones, n) == nil })
}

// refusal returns the error of an order as final where the CA will never agree.
func refusal(err error) error {
	problem := problemOf(err)
	switch kind := problem.Type[strings.LastIndexByte(problem.Type, ':')+1:]; kind {
	case "caa":
		return &RefusedError{model.FailureCAA, "the CA says: " + problem.Detail}
	case "rejectedIdentifier", "unsupportedIdentifier":
		return &RefusedError{model.FailureNotAllowed, "the CA says: " + problem.Detail}
	}
	return err
}

// problemOf returns what a CA has answered with, the zero Problem if err is none
// of its answers.
func problemOf(err error) acme.Problem {
	problem := acme.Problem{}
	errors.As(err, &problem)
	return problem
}

func readChain(data []byte) ([][]byte, error) {
	var chain [][]byte
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		chain, data = append(chain, block.Bytes), rest
	}
	if len(chain) == 0 {
		return nil, errors.New("the CA sends no certificate")
	}
	return chain, nil
}

// account returns the account that the rows name, registered where there is
// none.
func (a *ACME) account(ctx context.Context, client *acme.Client) (acme.Account, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var rows []*model.ACMEAccount
	if err := a.c.Replica.View(func(rd *state.Reader) error {
		rd.Range(model.TableACMEAccounts, model.ACMEAccountPrefix(a.c.Directory), "", func(v model.Value, _ state.Version) bool {
			rows = append(rows, v.(*model.ACMEAccount))
			return true
		})
		return nil
	}); err != nil {
		return acme.Account{}, err
	}
	if row := model.EarliestAccount(rows); row != nil {
		key, err := certificate.OpenKey(a.c.Sealer, row.Table(), row.Key(), row.SealedKey)
		if err == nil {
			return acme.Account{Status: acme.StatusValid, Location: row.URL, PrivateKey: key}, nil
		}
		a.c.Log.Warn("key of the ACME account cannot be opened, registering anew", zap.Error(err))
	}
	return a.register(ctx, client)
}

// replace returns the account that stands instead of one that the CA does not
// know: perhaps another edge has registered it meanwhile.
func (a *ACME) replace(ctx context.Context, client *acme.Client, unknown acme.Account) (acme.Account, error) {
	row := &model.ACMEAccount{Directory: a.c.Directory, URL: unknown.Location}
	if _, err := a.c.Replica.Commit(ctx, func(t *state.Tx) error {
		t.Delete(row.Table(), row.Key())
		return nil
	}); err != nil {
		return acme.Account{}, err
	}
	return a.account(ctx, client)
}

func (a *ACME) register(ctx context.Context, client *acme.Client) (acme.Account, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return acme.Account{}, err
	}
	account := acme.Account{TermsOfServiceAgreed: true, PrivateKey: key}
	if a.c.Email != "" {
		account.Contact = []string{"mailto:" + a.c.Email}
	}
	if a.c.KeyID != "" {
		if err := account.SetExternalAccountBinding(ctx, client, acme.EAB{KeyID: a.c.KeyID, MACKey: a.c.MACKey}); err != nil {
			return acme.Account{}, err
		}
	}
	if account, err = client.NewAccount(ctx, account); err != nil {
		return acme.Account{}, err
	}
	row := &model.ACMEAccount{Directory: a.c.Directory, URL: account.Location, Since: time.Now().UnixMilli()}
	if row.SealedKey, err = certificate.SealKey(a.c.Sealer, row.Table(), row.Key(), key); err != nil {
		return acme.Account{}, err
	}
	_, err = a.c.Replica.Commit(ctx, func(t *state.Tx) error { return t.Put(row) })
	return account, err
}

// solver answers the challenges of one order.
type solver struct {
	*ACME
	cert    *model.Certificate
	account acme.Account

	mu      sync.Mutex
	version state.Version // of the last answer
}

const (
	// answerTime is how long a challenge's answer is served if nobody takes it
	// back, such as when the node dies.
	answerTime = time.Hour
	// persistTime is how long that of a persistent one is.
	persistTime = 400 * 24 * time.Hour
	// spreadTime is how long the answer may take to all DNS nodes before the CA
	// is asked to look.
	spreadTime = 10 * time.Second
)

// rows returns the answers of a challenge and how long they stand.
func (s *solver) rows(c acme.Challenge) ([]*model.Challenge, time.Duration) {
	base, err := model.ParseName(c.Identifier.Value)
	if err != nil {
		return nil, 0
	}
	base = model.BaseName(base)
	if c.Type == acme.ChallengeTypeDNSPersist01 {
		if len(c.IssuerDomainNames) == 0 {
			return nil, 0
		}
		wild := slices.Contains(s.cert.Names, "*."+base)
		text := c.DNSPersist01TXTRecordValue(s.account, c.IssuerDomainNames[0], wild)
		return []*model.Challenge{{Name: "_validation-persist." + base, Value: text, Owner: s.cert.ARN}}, persistTime
	}
	text := c.DNS01KeyAuthorization()
	rows := []*model.Challenge{{Name: "_acme-challenge." + base, Value: text, Owner: s.cert.ARN}}
	if t, ok := s.cert.Token(base); ok {
		rows = append(rows, &model.Challenge{Name: t.Target, Value: text, Owner: s.cert.ARN})
	}
	return rows, answerTime
}

// Present implements [acmez.Solver].
func (s *solver) Present(ctx context.Context, c acme.Challenge) error {
	rows, stay := s.rows(c)
	if len(rows) == 0 {
		return fmt.Errorf("no answer to the challenge %s for %q", c.Type, c.Identifier.Value)
	}
	version, err := s.c.Replica.Commit(ctx, func(t *state.Tx) error {
		for _, r := range rows {
			if err := t.PutUntil(r, time.Now().Add(stay)); err != nil {
				return err
			}
		}
		return nil
	})
	s.mu.Lock()
	s.version = version
	s.mu.Unlock()
	return err
}

// Wait implements [acmez.Waiter]: until every node that serves has the answer,
// or for a while.
func (s *solver) Wait(ctx context.Context, _ acme.Challenge) error {
	ctx, cancel := context.WithTimeout(ctx, spreadTime)
	defer cancel()
	s.mu.Lock()
	version := s.version
	s.mu.Unlock()
	for {
		if ok, err := s.c.Replica.InSync(ctx, version); ok || err != nil {
			return nil // the CA looks itself, and more than once
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// CleanUp implements [acmez.Solver]. Persistent answers stay.
func (s *solver) CleanUp(ctx context.Context, c acme.Challenge) error {
	rows, stay := s.rows(c)
	if stay != answerTime {
		return nil
	}
	_, err := s.c.Replica.Commit(ctx, func(t *state.Tx) error {
		for _, r := range rows {
			t.Delete(r.Table(), r.Key())
		}
		return nil
	})
	return err
}
