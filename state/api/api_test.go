package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
)

const (
	testKey    = "AKIDEXAMPLE"
	testSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

var testTime = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

// echo answers with account and body, or with the error it is told to.
type echo struct{ err error }

func (echo) Scope() string             { return "echo" }
func (echo) Owns(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/echo") }
func (e echo) Serve(w http.ResponseWriter, r *Request) error {
	if e.err == nil {
		w.Header().Set("X-Region", r.Region)
		fmt.Fprintf(w, "%s %s", r.Account, r.Payload)
	}
	return e.err
}
func (echo) WriteError(w http.ResponseWriter, r *Request, e *awserr.Error) {
	WriteXMLError(w, r, "urn:echo", e)
}

// testReplica returns a single node in memory, ready.
func testReplica(t testing.TB) *state.Replica {
	t.Helper()
	r, err := state.Open(state.Options{Core: state.Config{
		Self: state.Member{Run: 1, Node: "self"}, Store: state.NewMemoryStore(), Seed: 1, Now: time.Now(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	<-r.Ready()
	return r
}

// logLines keeps what is logged.
type logLines struct {
	mu    sync.Mutex
	lines []string
}

func (l *logLines) add(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

func testCredentials(t testing.TB) *Credentials {
	t.Helper()
	c, err := ParseCredentials(strings.NewReader("# test\n111111111111 " + testKey + " " + testSecret + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func testServer(t testing.TB, c Config) *httptest.Server {
	t.Helper()
	c.Replica = testReplica(t)
	c.Now = func() time.Time { return testTime }
	if c.Services == nil {
		c.Services = []Service{echo{}}
	}
	s := httptest.NewServer(New(c))
	t.Cleanup(s.Close)
	return s
}

// signed returns a request that the SDK's signer has signed.
func signed(t testing.TB, url, body string, at time.Time, change func(r *http.Request)) *http.Request {
	t.Helper()
	r, err := http.NewRequest("POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "text/xml")
	sum := sha256.Sum256([]byte(body))
	creds := aws.Credentials{AccessKeyID: testKey, SecretAccessKey: testSecret}
	if err := v4.NewSigner().SignHTTP(context.Background(), creds, r, hex.EncodeToString(sum[:]), "echo", "us-east-1", at); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	return r
}

func do(t testing.TB, r *http.Request) (int, string, http.Header) {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body), resp.Header
}

func replaceAuthorization(old, new string) func(r *http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, new, 1))
	}
}

func TestSignature(t *testing.T) {
	log := &logLines{}
	s := testServer(t, Config{Credentials: testCredentials(t), Log: log.add})
	tests := []struct {
		name   string
		at     time.Time
		change func(r *http.Request)
		status int
		want   string
	}{
		{"right", testTime, nil, 200, "111111111111 <a/>"},
		{"four minutes late", testTime.Add(-4 * time.Minute), nil, 200, "111111111111"},
		{"late", testTime.Add(-6 * time.Minute), nil, 403,
			"<Code>SignatureDoesNotMatch</Code><Message>Signature expired: 20260801T115400Z is now earlier than 20260801T115500Z (20260801T120000Z - 5 min.)"},
		{"early", testTime.Add(6 * time.Minute), nil, 403,
			"<Code>SignatureDoesNotMatch</Code><Message>Signature not yet current: 20260801T120600Z is still later than 20260801T120500Z (20260801T120000Z + 5 min.)"},
		{"no signature", testTime, func(r *http.Request) { r.Header.Del("Authorization") }, 403,
			"<Code>MissingAuthenticationToken</Code><Message>Missing Authentication Token"},
		{"unknown key", testTime, replaceAuthorization(testKey, "AKIDOTHER"), 403,
			"<Code>InvalidClientTokenId</Code><Message>The security token included in the request is invalid."},
		{"other signature", testTime, func(r *http.Request) {
			h := r.Header.Get("Authorization")
			r.Header.Set("Authorization", h[:len(h)-4]+"0000")
		}, 403, "<Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not match"},
		{"other body", testTime, func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("<b/>")) }, 403, "SignatureDoesNotMatch"},
		{"other header", testTime, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 403, "SignatureDoesNotMatch"},
		{"missing header", testTime, func(r *http.Request) { r.Header.Del("Content-Type") }, 403, "SignatureDoesNotMatch"},
		{"other query", testTime, func(r *http.Request) { r.URL.RawQuery = "a=b" }, 403, "SignatureDoesNotMatch"},
		{"other service", testTime, replaceAuthorization("/echo/", "/acm/"), 403, "Credential should be scoped to correct service: &#39;echo&#39;."},
		{"no Region", testTime, replaceAuthorization("us-east-1", "us_east"), 403, "Credential should be scoped to a valid region."},
		{"other terminator", testTime, replaceAuthorization("aws4_request", "aws5_request"), 403, "Credential should be scoped with a valid terminator"},
		{"other date", testTime, replaceAuthorization("20260801", "20260802"), 403, "Date in Credential scope does not match"},
		{"other algorithm", testTime, replaceAuthorization("AWS4-HMAC-SHA256", "AWS4-HMAC-MD5"), 400, "<Code>IncompleteSignature</Code>"},
		{"no signature parameter", testTime, replaceAuthorization("Signature=", "Sign="), 400,
			"<Code>IncompleteSignature</Code><Message>Authorization header requires &#39;Signature&#39; parameter. (Hashed with SHA-256"},
		{"short credential", testTime, replaceAuthorization("/us-east-1", ""), 400, "Credential must have exactly 5 slash-delimited elements"},
		{"no date", testTime, func(r *http.Request) { r.Header.Del("X-Amz-Date") }, 400, "X-Amz-Date"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, body, header := do(t, signed(t, s.URL+"/echo/a%20b%2Fc?x=1&y=%3D", "<a/>", tt.at, tt.change))
			if status != tt.status || !strings.Contains(body, tt.want) {
				t.Errorf("status %d, body %s, want %d, %s", status, body, tt.status, tt.want)
			}
			if status == 200 && header.Get("X-Region") != "us-east-1" {
				t.Errorf("the service is told the Region %q, want us-east-1", header.Get("X-Region"))
			}
			if id := header.Get("x-amzn-RequestId"); len(id) != 36 || status != 200 && !strings.Contains(body, id) {
				t.Errorf("request id %q, want a UUID that the error document repeats", id)
			}
		})
	}
	if text := log.String(); strings.Contains(text, testSecret) || strings.Contains(text, "Signature=") || strings.Count(text, "\n") != len(tests)-3 {
		t.Errorf("log:\n%s\nwant a line for each refused request without secrets", text)
	}
}

func TestPresigned(t *testing.T) {
	s := testServer(t, Config{Credentials: testCredentials(t)})
	tests := []struct {
		name   string
		at     time.Time
		query  string
		change func(u string) string
		status int
		want   string
	}{
		{"right", testTime, "", nil, 200, "111111111111"},
		{"within its time", testTime.Add(-50 * time.Minute), "?X-Amz-Expires=3600", nil, 200, "111111111111"},
		{"expired", testTime.Add(-70 * time.Minute), "?X-Amz-Expires=3600", nil, 403, "Signature expired"},
		{"altered", testTime, "", func(u string) string { return u + "&a=b" }, 403, "SignatureDoesNotMatch"},
		{"no signature", testTime, "", func(u string) string { return strings.Replace(u, "X-Amz-Signature", "S", 1) }, 400, "IncompleteSignature"},
		{"too long", testTime, "?X-Amz-Expires=604801", nil, 400, "X-Amz-Expires"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := http.NewRequest("GET", s.URL+"/echo"+tt.query, nil)
			if err != nil {
				t.Fatal(err)
			}
			creds := aws.Credentials{AccessKeyID: testKey, SecretAccessKey: testSecret}
			sum := sha256.Sum256(nil)
			uri, _, err := v4.NewSigner().PresignHTTP(context.Background(), creds, r, hex.EncodeToString(sum[:]), "echo", "eu-west-1", tt.at)
			if err != nil {
				t.Fatal(err)
			}
			if tt.change != nil {
				uri = tt.change(uri)
			}
			if r, err = http.NewRequest("GET", uri, nil); err != nil {
				t.Fatal(err)
			}
			if status, body, _ := do(t, r); status != tt.status || !strings.Contains(body, tt.want) {
				t.Errorf("status %d, body %s, want %d, %s", status, body, tt.status, tt.want)
			}
		})
	}
}

func TestWithoutCredentials(t *testing.T) {
	s := testServer(t, Config{})
	tests := []struct {
		name, key, origin string
		status            int
		want              string
	}{
		{"account", "222222222222", "", 200, "222222222222"},
		{"any key", "test", "", 200, "000000000000"},
		{"web page", "test", "http://example.org", 403, "AccessDenied"},
		{"no key", "", "", 403, "MissingAuthenticationToken"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := signed(t, s.URL+"/", "<a/>", testTime, replaceAuthorization(testKey, tt.key))
			if tt.key == "" {
				r.Header.Del("Authorization")
				r.URL.Path = "/echo"
			}
			if tt.origin != "" {
				r.Header.Set("Origin", tt.origin)
			}
			if status, body, _ := do(t, r); status != tt.status || !strings.Contains(body, tt.want) {
				t.Errorf("status %d, body %s, want %d, %s", status, body, tt.status, tt.want)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	tests := []struct {
		name   string
		err    error
		status int
		want   string
	}{
		{"sender", awserr.New(awserr.InvalidInput, "a < b"), 400, "<Type>Sender</Type><Code>InvalidInput</Code><Message>a &lt; b</Message>"},
		{"inside", errors.New("secret path"), 500, "<Type>Receiver</Type><Code>InternalFailure</Code>"},
		{"behind", fmt.Errorf("x: %w", state.ErrBehind), 503, "<Code>ServiceUnavailable</Code>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := testServer(t, Config{Services: []Service{echo{tt.err}}})
			status, body, _ := do(t, signed(t, s.URL+"/", "", testTime, nil))
			if status != tt.status || !strings.Contains(body, tt.want) || strings.Contains(body, "secret") {
				t.Errorf("status %d, body %s, want %d, %s", status, body, tt.status, tt.want)
			}
			var d ErrorDocument
			if err := xml.Unmarshal([]byte(body), &d); err != nil || d.XMLName.Space != "urn:echo" {
				t.Errorf("Unmarshal(%s) = %v, %v, want the service's namespace", body, d, err)
			}
		})
	}
}

func TestBounds(t *testing.T) {
	s := testServer(t, Config{})
	status, body, _ := do(t, signed(t, s.URL+"/echo", strings.Repeat("a", MaxBody+1), testTime, nil))
	if status != http.StatusRequestEntityTooLarge || !strings.Contains(body, "RequestEntityTooLarge") {
		t.Errorf("body of MaxBody+1: status %d, %s, want 413", status, body)
	}
	status, body, _ = do(t, signed(t, s.URL+"/", "", testTime, func(r *http.Request) { r.Header.Del("Authorization") }))
	if status != http.StatusNotFound || !strings.Contains(body, "UnknownOperation") {
		t.Errorf("nobody's request: status %d, %s, want 404", status, body)
	}
	r, _ := http.NewRequest("GET", s.URL+HealthPath, nil)
	if status, body, _ := do(t, r); status != 200 || body != "ok\n" {
		t.Errorf("health: status %d, %q, want 200, ok", status, body)
	}
}

func TestConcurrency(t *testing.T) {
	h := New(Config{Replica: testReplica(t), Services: []Service{echo{}}})
	for range MaxConcurrent {
		h.slots <- struct{}{}
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/echo", nil)
	r.Header = signed(t, "http://example.org/echo", "", testTime, nil).Header
	h.ServeHTTP(w, r)
	if !strings.Contains(w.Body.String(), "<Code>Throttling</Code><Message>Rate exceeded") || w.Code != 400 {
		t.Errorf("beyond MaxConcurrent: %d %s, want Throttling", w.Code, w.Body)
	}
}

func TestServer(t *testing.T) {
	tests := []struct {
		addr        string
		credentials bool
		want        string
	}{
		{"127.0.0.1:0", false, ""},
		{"[::1]:0", true, ""},
		{"0.0.0.0:0", true, ""},
		{"0.0.0.0:0", false, "is not a loopback address: credentials are required"},
		{"localhost:0", false, "is not a loopback address"},
		{"127.0.0.1", true, "is not HOST:PORT"},
		{"127.0.0.1:70000", true, "out of range"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.addr, tt.credentials), func(t *testing.T) {
			c := Config{Replica: testReplica(t), Services: []Service{echo{}}}
			if tt.credentials {
				c.Credentials = testCredentials(t)
			}
			s := NewServer(ServerConfig{Addr: tt.addr, Handler: New(c)})
			err := s.Start()
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("Start() = %v, want %q", err, tt.want)
				}
				return
			}
			if errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT) {
				t.Skipf("this machine does not have the address: %v", err)
			}
			if err != nil {
				t.Fatalf("Start() = %v, want nil", err)
			}
			if err := s.Close(); err != nil {
				t.Errorf("Close() = %v, want nil", err)
			}
		})
	}
}

func TestParseCredentials(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"good", "111111111111 AKID secret\n\n# more\n222222222222\tB\ts\n", ""},
		{"empty", "\n", "no credentials"},
		{"two fields", "111111111111 AKID\n", "line 1: 2 fields"},
		{"account", "a AKID hidden\n", "line 1: account"},
		{"twice", "111111111111 A hidden\n111111111111 A hidden\n", "line 2: access key id \"A\" stands twice"},
		{"slash", "111111111111 A/B hidden\n", "line 1: access key id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseCredentials(strings.NewReader(tt.text))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hidden")) {
				t.Errorf("ParseCredentials(%q) = %v, want %q", tt.text, err, tt.want)
			}
		})
	}
}

// FuzzAuthorization feeds headers and queries to the parsers: they must not
// panic, and what they let through without credentials has a proper account.
func FuzzAuthorization(f *testing.F) {
	r := signed(f, "http://example.org/echo", "", testTime, nil)
	f.Add(r.Header.Get("Authorization"), r.Header.Get("X-Amz-Date"), "")
	f.Add("", "", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a/20260801/b/echo/aws4_request&X-Amz-Date=20260801T120000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=0")
	f.Add("AWS4-HMAC-SHA256 Credential=////,,=,SignedHeaders=;;", "x", "%zz")
	credentials := testCredentials(f)
	h := New(Config{Credentials: credentials, Services: []Service{echo{}}, Now: func() time.Time { return testTime }})
	f.Fuzz(func(t *testing.T, header, date, query string) {
		r := httptest.NewRequest("POST", "/echo", bytes.NewReader(nil))
		r.URL.RawQuery = query
		r.Header["Authorization"], r.Header["X-Amz-Date"] = []string{header}, []string{date}
		service, auth, err := h.dispatch(r)
		if err != nil || service == nil || auth == nil {
			return
		}
		if _, err := h.authenticate(&Request{Request: r}, service, auth); err == nil && auth.keyID != testKey {
			t.Errorf("key id %q was let in", auth.keyID)
		}
	})
}
