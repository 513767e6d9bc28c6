package integration

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// newSigner returns a new key: p256, p384, rsa2048... or ed25519.
func newSigner(t testing.TB, kind string) crypto.Signer {
	t.Helper()
	var key crypto.Signer
	var err error
	switch kind {
	case "p256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "p384":
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ed25519":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		var bits int
		if _, err := fmt.Sscanf(kind, "rsa%d", &bits); err != nil {
			t.Fatalf("there is no key of kind %q", kind)
		}
		key, err = rsa.GenerateKey(rand.Reader, bits)
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// writeCertificate writes a self-signed certificate and its key, in one file,
// and returns its path.
func writeCertificate(t testing.TB, dir string, serial int64, key crypto.Signer, names ...string) string {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(240 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...)
	path := filepath.Join(dir, fmt.Sprintf("%d.pem", serial))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// tlsEdge is a Caddy process that serves over TLS.
type tlsEdge struct {
	*process
	addr string // host:port
	dir  string
}

// startTLS starts Caddy with sites, in which {port} stands for the port, and
// waits until it takes connections. options are global options; without
// `edgeguard` among them it is stock Caddy in all that is measured here.
func startTLS(t testing.TB, name, options, sites string) *tlsEdge {
	t.Helper()
	e := &tlsEdge{addr: freePort(t), dir: t.TempDir()}
	global := "{\n\tadmin off\n\tpersist_config off\n\tauto_https off\n\tskip_install_trust\n\tdefault_bind 127.0.0.1\n\tstorage file_system " + e.dir +
		"\n\tlog {\n\t\tlevel ERROR\n\t}\n" + options + "}\n"
	path := filepath.Join(e.dir, "Caddyfile")
	writeFile(t, path, global+strings.ReplaceAll(sites, "{port}", port(e.addr)))
	e.process = run(t, name, e.dir, binary(t, "caddy"), "run", "--config", path, "--adapter", "caddyfile")
	e.soon(func() error {
		conn, err := tls.Dial("tcp", e.addr, &tls.Config{InsecureSkipVerify: true, ServerName: "www.a.test"})
		if err != nil && !strings.Contains(err.Error(), "remote error") {
			return err
		}
		if conn != nil {
			conn.Close()
		}
		return nil
	})
	return e
}

// edgeOption is the app in a Caddyfile that has nothing to say about it.
const edgeOption = "\tedgeguard {\n\t\tnode one\n\t}\n"

// rsaKey is the same for all certificates of a test run: it takes long.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})
