package origin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// The credentials and the moment of the examples in the Amazon S3 API
// reference, "Signature Calculations for the Authorization Header".
var (
	exampleKeys = &keys{id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	exampleTime = time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)
)

const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// TestCanonicalRequest: the second example of that page ("GET bucket
// lifecycle") and what origins are asked for here, in AWS's notation.
func TestCanonicalRequest(t *testing.T) {
	out := newRequest(t, "GET", "/?lifecycle")
	out.Host = "examplebucket.s3.amazonaws.com"
	new(signingKeys).sign(out, exampleKeys, "us-east-1", emptyHash, exampleTime)
	got, _ := canonicalRequest(out, emptyHash)
	want := "GET\n/\nlifecycle=\nhost:examplebucket.s3.amazonaws.com\nx-amz-content-sha256:" + emptyHash +
		"\nx-amz-date:20130524T000000Z\n\nhost;x-amz-content-sha256;x-amz-date\n" + emptyHash
	if got != want {
		t.Errorf("canonicalRequest() =\n%s\nwant\n%s", got, want)
	}
	const signature = "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
	if got := out.Header.Get("Authorization"); !strings.HasSuffix(got, "Signature="+signature) {
		t.Errorf("Authorization = %s, want signature %s", got, signature)
	}
	out = newRequest(t, "GET", "/?max-keys=2&prefix=J")
	out.Host = "examplebucket.s3.amazonaws.com"
	new(signingKeys).sign(out, exampleKeys, "us-east-1", emptyHash, exampleTime)
	const list = "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
	if got := out.Header.Get("Authorization"); !strings.HasSuffix(got, "Signature="+list) {
		t.Errorf("Authorization = %s, want signature %s", got, list)
	}
}

// TestAgreesWithBotocore: the signature that botocore 1.43 (S3SigV4Auth) gives
// for odd characters in the path and parameters sorted as encoded.
func TestAgreesWithBotocore(t *testing.T) {
	out := newRequest(t, "GET", "/a%20b+c~d*%C3%A9//x?%5B=4&%C3%A9=2&A=3&~=1")
	out.Host = "www.s3.eu-west-3.amazonaws.com"
	new(signingKeys).sign(out, &keys{id: "AKIDEXAMPLE", secret: "secret", token: "tok"}, "eu-west-3", unsignedPayload, exampleTime)
	const signature = "bc5e3b6939204b87449b42a4deb692813d9ca90aab271a310d946f5102d754d6"
	if got := out.Header.Get("Authorization"); !strings.HasSuffix(got, "Signature="+signature) {
		t.Errorf("Authorization = %s, want signature %s", got, signature)
	}
}

// newRequest returns a request to an origin, as [Transport.RoundTrip] signs it.
func newRequest(t testing.TB, method, target string) *http.Request {
	t.Helper()
	path, query, _ := strings.Cut(target, "?")
	plain, err := url.PathUnescape(path)
	if err != nil {
		t.Fatal(err)
	}
	req := &http.Request{Method: method, URL: &url.URL{Path: plain, RawPath: path, RawQuery: query, Scheme: "http", Host: "origin.example.org"}, Header: make(http.Header)}
	out := testTransport().outgoing(req)
	out.URL.RawQuery = canonicalQuery(out.URL.RawQuery, isSignatureParameter)
	return out
}

func testTransport() *Transport {
	return &Transport{key: new(signingKeys), now: time.Now, Sign: SignAlways, Payload: PayloadUnsigned, Methods: []string{"GET", "HEAD"}}
}

// TestPaths: aws-behaviour 9.4, path encoding: each byte encoded once, nothing
// normalised.
func TestPaths(t *testing.T) {
	for _, tc := range []struct{ name, target, bucket, want string }{
		{"plain", "/a/b.html", "", "/a/b.html"},
		{"root", "/", "", "/"},
		{"no path", "", "", "/"},
		{"bucket in path", "/a", "www", "/www/a"},
		{"bucket and root", "/", "www", "/www/"},
		{"space", "/a%20b", "", "/a%20b"},
		{"plus is itself", "/a+b", "", "/a%2Bb"},
		{"encoded plus", "/a%2Bb", "", "/a%2Bb"},
		{"encoded slash is a slash of the key", "/a%2Fb", "", "/a/b"},
		{"lower case", "/a%c3%a9", "", "/a%C3%A9"},
		{"unicode", "/%E4%B8%AD/é", "", "/%E4%B8%AD/%C3%A9"},
		{"tilde", "/~a/%7Eb", "", "/~a/~b"},
		{"asterisk", "/a*b", "", "/a%2Ab"},
		{"percent", "/100%25", "", "/100%25"},
		{"encoded percent", "/a%252Fb", "", "/a%252Fb"},
		{"unreserved", "/%41-%2D._", "", "/A--._"},
		{"delimiters", "/a!b$c&d'e(f)g,h;i=j:k@l", "", "/a%21b%24c%26d%27e%28f%29g%2Ch%3Bi%3Dj%3Ak%40l"},
		{"empty segments", "//a///b/", "", "//a///b/"},
		{"dot segments", "/a/../b/./%2e%2e", "", "/a/../b/./.."},
		{"question mark", "/a%3Fb", "", "/a%3Fb"},
		{"not UTF-8", "/%FF%00", "", "/%FF%00"},
		{"everything", "*", "", "/%2A"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			plain, err := url.PathUnescape(tc.target)
			if err != nil {
				t.Fatal(err)
			}
			u := &url.URL{Path: plain, RawPath: tc.target}
			setPath(u, tc.bucket)
			if got := u.EscapedPath(); got != tc.want {
				t.Errorf("setPath(%q, %q) = %q, want %q", tc.target, tc.bucket, got, tc.want)
			}
		})
	}
}

func TestQueries(t *testing.T) {
	for _, tc := range []struct{ name, raw, want string }{
		{"none", "", ""},
		{"sorted", "b=2&a=1&c=3", "a=1&b=2&c=3"},
		{"sorted by value", "a=2&a=1&a=", "a=&a=1&a=2"},
		{"sorted as encoded", "~=1&%C3%A9=2&A=3&%5B=4", "%5B=4&%C3%A9=2&A=3&~=1"},
		{"without value", "acl", "acl="},
		{"space", "a=b%20c&d=e+f", "a=b%20c&d=e%20f"},
		{"slash", "a=b/c", "a=b%2Fc"},
		{"equals sign", "a=b=c", "a=b%3Dc"},
		{"semicolon", "a=1;b=2", "a=1%3Bb%3D2"},
		{"no valid encoding", "a=%&b=%4&c=%zz", "a=%25&b=%254&c=%25zz"},
		{"empty pairs", "&&a=1&", "a=1"},
		{"no name", "=a", "=a"},
		{"signed by the client", "X-Amz-Signature=1&a=1&x-amz-date=2&X%2DAmz-Credential=3&AWSAccessKeyId=4&Signature=5&Expires=6", "a=1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := canonicalQuery(tc.raw, isSignatureParameter); got != tc.want {
				t.Errorf("canonicalQuery(%q) = %q, want %q", tc.raw, got, tc.want)
			}
		})
	}
}

func TestRegionOfHost(t *testing.T) {
	for _, tc := range []struct{ host, want string }{
		{"www.s3.eu-west-3.amazonaws.com", "eu-west-3"}, {"s3.eu-west-3.amazonaws.com:443", "eu-west-3"}, {"a.b.s3.ap-northeast-1.amazonaws.com", "ap-northeast-1"},
		{"www.s3.dualstack.us-west-2.amazonaws.com", "us-west-2"}, {"www.s3.cn-north-1.amazonaws.com.cn", "cn-north-1"},
		{"www.s3.amazonaws.com", "us-east-1"}, {"minio.example.org:9000", "us-east-1"}, {"amazonaws.com", "us-east-1"}, {"", "us-east-1"},
	} {
		if got := regionOf(tc.host); got != tc.want {
			t.Errorf("regionOf(%q) = %q, want %q", tc.host, got, tc.want)
		}
	}
}

// verify is another implementation of the other side, as slow and obvious as
// the S3 API reference describes it: it takes a request as it came in.
func verify(r *http.Request, k *keys, region string) error {
	auth := r.Header.Get("Authorization")
	rest, ok := strings.CutPrefix(auth, "AWS4-HMAC-SHA256 ")
	if !ok {
		return errors.New("AccessDenied")
	}
	fields := make(map[string]string)
	for part := range strings.SplitSeq(rest, ", ") {
		name, value, _ := strings.Cut(part, "=")
		fields[name] = value
	}
	date := r.Header.Get("X-Amz-Date")
	scope := date[:8] + "/" + region + "/s3/aws4_request"
	if fields["Credential"] != k.id+"/"+scope || r.Header.Get("X-Amz-Security-Token") != k.token {
		return errors.New("InvalidAccessKeyId")
	}
	path, query, _ := strings.Cut(r.RequestURI, "?")
	key, err := url.PathUnescape(path)
	if err != nil {
		return err
	}
	var pairs []string
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		pairs = append(pairs, uriEncode(name)+"="+uriEncode(value))
	}
	slices.SortFunc(pairs, func(a, b string) int {
		an, av, _ := strings.Cut(a, "=")
		bn, bv, _ := strings.Cut(b, "=")
		return strings.Compare(an+"\x00"+av, bn+"\x00"+bv)
	})
	canonical := r.Method + "\n" + strings.ReplaceAll(uriEncode(key), "%2F", "/") + "\n" + strings.Join(pairs, "&") + "\n"
	for name := range strings.SplitSeq(fields["SignedHeaders"], ";") {
		value := strings.Join(strings.Fields(strings.Join(r.Header.Values(name), ",")), " ")
		if name == "host" {
			value = r.Host
		}
		canonical += name + ":" + value + "\n"
	}
	canonical += "\n" + fields["SignedHeaders"] + "\n" + r.Header.Get("X-Amz-Content-Sha256")
	sum := sha256.Sum256([]byte(canonical))
	derived := []byte("AWS4" + k.secret)
	for _, part := range []string{date[:8], region, "s3", "aws4_request", "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + hex.EncodeToString(sum[:])} {
		h := hmac.New(sha256.New, derived)
		h.Write([]byte(part))
		derived = h.Sum(nil)
	}
	if want := hex.EncodeToString(derived); fields["Signature"] != want {
		return fmt.Errorf("SignatureDoesNotMatch: of\n%s", canonical)
	}
	return nil
}

// uriEncode is UriEncode of the S3 API reference.
func uriEncode(s string) string {
	var out string
	for _, c := range []byte(s) {
		if strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", rune(c)) {
			out += string(c)
		} else {
			out += fmt.Sprintf("%%%02X", c)
		}
	}
	return out
}

// TestAgreesWithSDK compares signatures with those of aws-sdk-go-v2, on random
// paths and queries whose parameters it sorts as S3 does.
func TestAgreesWithSDK(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	pick := func(alphabet []string, n int) (s string) {
		for range r.IntN(n) {
			s += alphabet[r.IntN(len(alphabet))]
		}
		return s
	}
	path := []string{"a", "/", "%2F", "%20", "+", "~", "*", "%E4%B8%AD", ".", "..", "%25", "&", "%FF"}
	value := []string{"a", "%20", "+", "~", "*", "%E4%B8%AD", "/", "%26"}
	for range 500 {
		target := "/" + pick(path, 12) + "?b=" + pick(value, 6) + "&a=" + pick(value, 6) + "&a"
		k := &keys{id: "AKIDEXAMPLE", secret: pick(value, 20) + "s", token: pick([]string{"x", "/", "+", "="}, 9)}
		ours, theirs := newRequest(t, "GET", target), newRequest(t, "GET", target)
		now := time.Unix(r.Int64N(1<<33), 0)
		new(signingKeys).sign(ours, k, "eu-west-3", unsignedPayload, now)
		theirs.Header.Set("X-Amz-Content-Sha256", unsignedPayload)
		creds := aws.Credentials{AccessKeyID: k.id, SecretAccessKey: k.secret, SessionToken: k.token}
		err := v4.NewSigner().SignHTTP(context.Background(), creds, theirs, unsignedPayload, "s3", "eu-west-3", now, func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
		if err != nil {
			t.Fatal(err)
		}
		if got, want := ours.Header.Get("Authorization"), theirs.Header.Get("Authorization"); got != want {
			t.Fatalf("sign(%q) = %s, the SDK's %s (seed %d)", target, got, want, seed)
		}
	}
}
