package integration

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// sClient runs openssl s_client and returns the serial number of the
// certificate that it gets, or the alert.
func sClient(t *testing.T, openssl, addr string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, openssl, append([]string{"s_client", "-connect", addr}, args...)...)
	cmd.Stdin = strings.NewReader("")
	out, _ := cmd.CombinedOutput() // it fails where the handshake does
	text := string(out)
	if _, rest, ok := strings.Cut(text, ":ssl/record/rec_layer_s3.c:"); ok || strings.Contains(text, "SSL alert number") {
		_, alert, _ := strings.Cut(text, "SSL alert number ")
		number, _, _ := strings.Cut(alert, "\n")
		if number == "" {
			number = rest
		}
		return "alert " + strings.TrimSpace(number)
	}
	begin := strings.Index(text, "-----BEGIN CERTIFICATE-----")
	if begin < 0 {
		return "no certificate: " + text
	}
	block, _ := pem.Decode([]byte(text[begin:]))
	if block == nil {
		return "no certificate: " + text
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatalf("openssl shows what is no certificate: %v", err)
	}
	return cert.SerialNumber.String()
}

// The certificates of TestOpenSSL, by serial number.
const (
	rsaExact = iota + 1
	p256Exact
	p384Exact
	ed25519Exact
	rsaWild
	p256Wild
	p256Other
)

// TestOpenSSL asks with a client that can be made to offer little, over every
// version of TLS, for certificates among several of each name
// (aws-behaviour 8.2, on a site that is nobody's).
func TestOpenSSL(t *testing.T) {
	openssl := client(t, "openssl", "openssl")
	certs := t.TempDir()
	writeCertificate(t, certs, rsaExact, rsaKey(), "www.a.test")
	writeCertificate(t, certs, p256Exact, newSigner(t, "p256"), "www.a.test")
	writeCertificate(t, certs, p384Exact, newSigner(t, "p384"), "www.a.test")
	writeCertificate(t, certs, ed25519Exact, newSigner(t, "ed25519"), "www.a.test")
	writeCertificate(t, certs, rsaWild, rsaKey(), "*.a.test")
	writeCertificate(t, certs, p256Wild, newSigner(t, "p256"), "*.a.test")
	writeCertificate(t, certs, p256Other, newSigner(t, "p256"), "b.test")
	e := startTLS(t, "edge", edgeOption, "https://:{port} {\n\ttls {\n\t\tload "+certs+"\n\t}\n\trespond ok\n}\n")
	const internalError = "alert 80" // Caddy's own answer where it has nothing
	for _, tc := range []struct {
		name, args string
		want       any
	}{
		{"Ed25519 where it is offered", "-servername www.a.test", ed25519Exact},
		{"the longer key", "-servername www.a.test -sigalgs ECDSA+SHA384:ECDSA+SHA256:RSA-PSS+SHA256", p384Exact},
		{"P-256 only", "-servername www.a.test -tls1_3 -sigalgs ECDSA+SHA256", p256Exact},
		{"P-384 only", "-servername www.a.test -tls1_3 -sigalgs ECDSA+SHA384", p384Exact},
		{"RSA only", "-servername www.a.test -tls1_3 -sigalgs RSA-PSS+SHA256", rsaExact},
		{"P-521 only: Caddy's choice, which cannot work", "-servername www.a.test -tls1_3 -sigalgs ECDSA+SHA512", "alert 40"},
		// Caddy's own curves are X25519 and P-256: with P-384 no TLS 1.2.
		{"TLS 1.2, ECDSA suites", "-servername www.a.test -tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256 -sigalgs ECDSA+SHA256:ECDSA+SHA384", p256Exact},
		{"TLS 1.2, ECDSA suites, P-256 only", "-servername www.a.test -tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256 -curves P-256 -sigalgs ECDSA+SHA256", p256Exact},
		{"TLS 1.2, RSA suites", "-servername www.a.test -tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256", rsaExact},
		{"wrong case", "-servername WwW.A.tEsT -tls1_3 -sigalgs RSA-PSS+SHA256", rsaExact},
		{"wildcard", "-servername x.a.test", p256Wild},
		{"wildcard, RSA only", "-servername x.a.test -sigalgs RSA-PSS+SHA256:RSA+SHA256", rsaWild},
		{"wildcard where no exact one is usable", "-servername b.test -sigalgs RSA-PSS+SHA256", "alert 40"},
		{"two labels below a wildcard", "-servername x.y.a.test", internalError},
		{"the apex of a wildcard", "-servername a.test", internalError},
		{"unknown name", "-servername unknown.test", internalError},
		{"no name", "-noservername", internalError},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got, want := sClient(t, openssl, e.addr, strings.Fields(tc.args)...), fmt.Sprint(tc.want); got != want {
				t.Errorf("s_client %s gets %s, want %s", tc.args, got, want)
			}
		})
	}
}

// ownedOption is the app in a Caddyfile of an edge that serves one resource.
func ownedOption(resource string) string {
	return "\tedgeguard {\n\t\tnode one\n\t\tpublish 127.0.0.1\n\t\taccount 111111111111 {\n\t\t\t" + resource + "\n\t\t}\n\t}\n"
}

// TestOpenSSLOnLoadBalancer checks aws-behaviour 8.6, 1 and 2, and 8.2 beside
// it: exact and wildcard compete, and Ed25519 takes no part.
func TestOpenSSLOnLoadBalancer(t *testing.T) {
	openssl := client(t, "openssl", "openssl")
	certs := t.TempDir()
	writeCertificate(t, certs, rsaExact, rsaKey(), "www.a.test")
	writeCertificate(t, certs, ed25519Exact, newSigner(t, "ed25519"), "www.a.test")
	writeCertificate(t, certs, p256Wild, newSigner(t, "p256"), "*.a.test")
	writeCertificate(t, certs, p256Other, newSigner(t, "p256"), "b.test")
	e := startTLS(t, "edge", ownedOption("load_balancer web-1.eu-west-3.elb.amazonaws.com {\n\t\t\t\talias *.a.test b.test\n\t\t\t}"),
		"https://:{port} {\n\ttls {\n\t\tload "+certs+"\n\t}\n\trespond ok\n}\n")
	for _, tc := range []struct {
		name, args string
		want       any
	}{
		{"ECDSA, though only by a wildcard", "-servername www.a.test", p256Wild},
		{"RSA for those who cannot", "-servername www.a.test -sigalgs RSA-PSS+SHA256:RSA+SHA256", rsaExact},
		{"RSA for those who can nothing else, over TLS 1.2", "-servername www.a.test -tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256", rsaExact},
		{"wrong case", "-servername WWW.A.TEST", p256Wild},
		{"a sole match is given to any client", "-servername b.test -sigalgs RSA-PSS+SHA256", "alert 40"},
		{"one label only", "-servername x.y.a.test", "alert 80"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got, want := sClient(t, openssl, e.addr, strings.Fields(tc.args)...), fmt.Sprint(tc.want); got != want {
				t.Errorf("s_client %s gets %s, want %s", tc.args, got, want)
			}
		})
	}
}

// TestOpenSSLOnDistribution checks that an edge of distributions refuses server
// names that it does not know, and clients without one (aws-behaviour 9.1).
func TestOpenSSLOnDistribution(t *testing.T) {
	openssl := client(t, "openssl", "openssl")
	certs := t.TempDir()
	writeCertificate(t, certs, p256Exact, newSigner(t, "p256"), "www.a.test")
	e := startTLS(t, "edge", ownedOption("distribution d111111abcdef8.cloudfront.net {\n\t\t\t\talias www.a.test bare.test\n\t\t\t}"),
		"https://:{port} {\n\ttls {\n\t\tload "+certs+"\n\t}\n\trespond ok\n}\n")
	const unrecognizedName = "alert 112"
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		for args, want := range map[string]string{
			"-servername www.a.test": fmt.Sprint(p256Exact), "-servername bare.test": unrecognizedName,
			"-servername d111111abcdef8.cloudfront.net": unrecognizedName, "-servername unknown.test": unrecognizedName, "-noservername": unrecognizedName,
		} {
			if got := sClient(t, openssl, e.addr, append(strings.Fields(args), version)...); got != want {
				t.Errorf("s_client %s %s gets %s, want %s", args, version, got, want)
			}
		}
	}
}
