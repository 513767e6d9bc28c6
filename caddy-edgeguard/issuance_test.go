package edgeguard

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddytls"
	"github.com/miekg/dns"

	"github.com/edgestage/edgestage/caddy-edgeguard/edgenode"
	"github.com/edgestage/edgestage/caddy-edgeguard/sni"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// cnameServer answers with CNAME records, which a test may add.
func cnameServer(t *testing.T, records func(name string) string) string {
	t.Helper()
	started := make(chan struct{})
	s := &dns.Server{Addr: "127.0.0.1:0", Net: "udp", NotifyStartedFunc: func() { close(started) }}
	s.Handler = dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		if target := records(q.Question[0].Name); target != "" && q.Question[0].Qtype == dns.TypeCNAME {
			m.Answer = append(m.Answer, &dns.CNAME{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET}, Target: target})
		}
		_ = w.WriteMsg(m)
	})
	go func() { _ = s.ListenAndServe() }()
	<-started
	t.Cleanup(func() { _ = s.Shutdown() })
	return s.PacketConn.LocalAddr().String()
}

// issuing returns the fields of an edge that issues from Caddy's own CA.
func issuing(t *testing.T, resolver string) string {
	t.Helper()
	keys := filepath.Join(t.TempDir(), "seal.keys")
	if err := os.WriteFile(keys, []byte(base64.StdEncoding.EncodeToString(make([]byte, 32))+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`"node":"one","seal_key_file":%q,"acm":{"resolvers":[%q]}`, keys, resolver)
}

// withPKI adds a storage and a CA that leave nothing in the user's folders.
func withPKI(t *testing.T, config []byte) []byte {
	t.Helper()
	root := fmt.Sprintf(`{"storage":{"module":"file_system","root":%q},`, t.TempDir())
	apps := `"apps":{"pki":{"certificate_authorities":{"local":{"install_trust":false}}},`
	return []byte(strings.Replace(strings.Replace(string(config), `{`, root, 1), `"apps":{`, apps, 1))
}

// TestIssuance: a certificate asked for is proven, issued and handed to the
// index of the process, also after a reload.
func TestIssuance(t *testing.T) {
	seed := &model.ValidationSeed{Account: "111111111111", Bytes: make([]byte, 32)}
	request := func(id string, name model.Name) *model.Certificate {
		return &model.Certificate{
			ARN: model.NewCertificateARN("us-east-1", "111111111111", id), Account: "111111111111", Region: "us-east-1", Names: []model.Name{name},
			Type: model.CertificateIssued, KeyAlgorithm: model.KeyRSA2048, Method: model.ValidateByDNS, Created: time.Now().UTC(),
			Tokens: []model.ValidationToken{seed.Token(name)},
		}
	}
	first, second := request("1", "www.example.org."), request("2", "new.example.org.")
	resolver := cnameServer(t, func(name string) string {
		for _, c := range []*model.Certificate{first, second} {
			if name == string(c.Tokens[0].RecordName(nil)) {
				return string(c.Tokens[0].Target)
			}
		}
		return ""
	})
	c := withPKI(t, config(t, issuing(t, resolver)))
	mustLoad(t, c)
	r := openReplica(t)
	ask := func(c *model.Certificate) {
		t.Helper()
		if _, err := r.Commit(t.Context(), func(tx *state.Tx) error { return tx.Put(c) }); err != nil {
			t.Fatal(err)
		}
		waitIssued(t, r, c)
	}
	ask(first)
	mustLoad(t, withPKI(t, config(t, issuing(t, resolver)+`,"publish":["192.0.2.1"]`)))
	ask(second)
	for _, c := range []*model.Certificate{first, second} {
		if held := certificatesOf(t, c.ARN); held == nil {
			t.Errorf("%s is not in the index", c.Names[0])
		}
	}
	mustStop(t)
}

// TestIssuerOfASite: Caddy's own automation obtains a site's certificate by
// `issuer acm`, and the API knows of it.
func TestIssuerOfASite(t *testing.T) {
	var open atomic.Pointer[state.Replica]
	resolver := cnameServer(t, func(name string) (target string) {
		replica := open.Load()
		if replica == nil {
			return ""
		}
		_ = replica.View(func(rd *state.Reader) error {
			rd.Range(model.TableCertificates, "", "", func(v model.Value, _ state.Version) bool {
				for _, tok := range v.(*model.Certificate).Tokens {
					if string(tok.RecordName(nil)) == name {
						target = string(tok.Target)
					}
				}
				return true
			})
			return nil
		})
		return target
	})
	site := `"tls":{"certificates":{"automate":["site.example.org"]},"automation":{"policies":[{"subjects":["site.example.org"],"issuers":[{"module":"acm","account":"111111111111"}]}]}},`
	c := strings.Replace(string(withPKI(t, config(t, issuing(t, resolver)))), `"apps":{`, `"apps":{`+site, 1)
	mustLoad(t, []byte(c))
	replica := openReplica(t)
	open.Store(replica)
	end := time.Now().Add(2 * time.Minute)
	for {
		held := caddytls.AllMatchingCertificates("site.example.org")
		var listed []model.CertificateState
		_ = replica.View(func(rd *state.Reader) error {
			rd.Range(model.TableCertificates, "", "", func(v model.Value, _ state.Version) bool {
				s, _ := model.CertificateAt(rd, v.Key())
				listed = append(listed, s)
				return true
			})
			return nil
		})
		if len(held) == 1 && len(listed) == 1 && listed[0].Status(time.Now()) == model.CertificateActive && listed[0].Foreign && listed[0].Account == "111111111111" {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("after 2 min Caddy holds %d certificates, listed are %+v", len(held), listed)
		}
		time.Sleep(20 * time.Millisecond)
	}
	mustStop(t)
}

// certificatesOf waits for a certificate in the index of the process.
func certificatesOf(t *testing.T, arn string) *sni.Certificate {
	t.Helper()
	ref, err := edgenode.Acquire(edgenode.Settings{Node: "one"})
	if err != nil {
		t.Fatal(err)
	}
	defer ref.Release()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if c := certificates(ref).Managed(arn); c != nil {
			return c
		}
	}
	return nil
}

// waitIssued waits until a certificate is issued.
func waitIssued(t *testing.T, r *state.Replica, c *model.Certificate) {
	t.Helper()
	end := time.Now().Add(2 * time.Minute)
	for {
		var s model.CertificateState
		if err := r.View(func(rd *state.Reader) error { s, _ = model.CertificateAt(rd, c.ARN); return nil }); err != nil {
			t.Fatal(err)
		}
		if s.Status(time.Now()) == model.CertificateActive {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("after 2 min: %s, %+v", s.Status(time.Now()), s.Work)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
