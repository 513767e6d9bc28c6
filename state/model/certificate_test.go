package model

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// certificate returns a valid request for names.
func certificate(names ...Name) *Certificate {
	c := &Certificate{
		ARN: NewCertificateARN("us-east-1", DefaultAccount, "t"), Account: DefaultAccount, Region: "us-east-1", Names: names,
		Type: CertificateIssued, KeyAlgorithm: KeyRSA2048, Method: ValidateByDNS, Created: time.Unix(1700000000, 0),
	}
	for _, n := range names {
		if _, ok := c.Token(n); !ok {
			c.Tokens = append(c.Tokens, seed(1, 2).Token(n))
		}
	}
	return c
}

func seed(b byte, since int64) *ValidationSeed {
	return &ValidationSeed{Account: DefaultAccount, Bytes: bytes.Repeat([]byte{b}, 32), Since: since}
}

// TestCovers: aws-behaviour 7.3, 8.2, 9.2 rule 3.
func TestCovers(t *testing.T) {
	tests := []struct {
		names []Name
		host  Name
		want  bool
	}{
		{[]Name{"example.org."}, "example.org.", true},
		{[]Name{"example.org."}, "www.example.org.", false},
		{[]Name{"*.example.org."}, "www.example.org.", true},
		{[]Name{"*.example.org."}, "example.org.", false},
		{[]Name{"*.example.org."}, "a.b.example.org.", false},
		{[]Name{"*.example.org."}, "*.example.org.", true},
		{[]Name{"*.example.org."}, "wwwexample.org.", false},
		{[]Name{"*.example.org."}, ".", false},
		{[]Name{"*.org."}, "*.example.org.", false},
		{[]Name{"example.net.", "*.example.org."}, "www.example.org.", true},
	}
	for _, tt := range tests {
		t.Run(string(tt.names[0])+" "+string(tt.host), func(t *testing.T) {
			if got := certificate(tt.names...).Covers(tt.host); got != tt.want {
				t.Errorf("Covers(%q) by %q = %v, want %v", tt.host, tt.names, got, tt.want)
			}
		})
	}
}

// TestToken: aws-behaviour 7.4 and 7.8 check 1.
func TestToken(t *testing.T) {
	s := seed(1, 2)
	tok := s.Token("example.org.")
	if wild := s.Token("*.example.org."); wild != tok {
		t.Errorf("Token of the wildcard = %+v, want that of its base %+v", wild, tok)
	}
	if got := tok.RecordName(nil); !regexp.MustCompile(`^_[0-9a-f]{32}\.example\.org\.$`).MatchString(string(got)) {
		t.Errorf("RecordName = %q", got)
	}
	if !regexp.MustCompile(`^_[0-9a-f]{32}\.[a-z]{10}\.acm-validations\.aws\.$`).MatchString(string(tok.Target)) {
		t.Errorf("Target = %q", tok.Target)
	}
	if got, want := tok.RecordName(&CertificateAuthority{Directory: "https://a"}), Name("_acme-challenge.example.org."); got != want {
		t.Errorf("RecordName for ACME = %q, want %q", got, want)
	}
	other := *s
	other.Account = "111111111111"
	for what, got := range map[string]ValidationToken{
		"name": s.Token("www.example.org."), "account": other.Token("example.org."), "seed": seed(2, 2).Token("example.org."),
	} {
		if got.Label == tok.Label || got.Target == tok.Target {
			t.Errorf("Token of another %s is the same: %+v", what, got)
		}
	}
}

func TestEarliestSeed(t *testing.T) {
	seeds := []*ValidationSeed{seed(3, 7), seed(1, 5), seed(2, 5), seed(4, 6)}
	want := EarliestSeed(seeds)
	if want.Since != 5 {
		t.Errorf("EarliestSeed is of %d, want 5", want.Since)
	}
	for range seeds {
		seeds = append(seeds[1:], seeds[0])
		if got := EarliestSeed(seeds); got != want {
			t.Errorf("EarliestSeed depends on the order: %v, then %v", want, got)
		}
	}
	if EarliestSeed(nil) != nil {
		t.Error("EarliestSeed(nil) is a seed")
	}
}

// TestCertificateStatus: the status machine of aws-behaviour 7.5.
func TestCertificateStatus(t *testing.T) {
	c := certificate("example.org.", "*.example.org.")
	leaf := &CertificateLeaf{NotBefore: c.Created, NotAfter: c.Created.Add(100 * time.Hour)}
	tests := []struct {
		name       string
		state      CertificateState
		after      time.Duration
		want       string
		validation string
		usable     bool
	}{
		{"new", CertificateState{}, 0, CertificatePending, ValidationPending, false},
		{"just before the deadline", CertificateState{}, ValidationTime - 1, CertificatePending, ValidationPending, false},
		{"timed out", CertificateState{}, ValidationTime, CertificateTimedOut, ValidationFailed, false},
		{"failed", CertificateState{Work: &CertificateWork{Failure: FailureCAA}}, 0, CertificateFailed, ValidationFailed, false},
		{"failed stays failed", CertificateState{Work: &CertificateWork{Failure: FailureCAA}}, ValidationTime, CertificateFailed, ValidationFailed, false},
		{"one name proven", CertificateState{Work: &CertificateWork{Names: []NameValidation{{Name: "example.org.", Status: ValidationSuccess}}}}, 0,
			CertificatePending, ValidationSuccess, false},
		{"issued", CertificateState{Leaf: leaf}, 80 * time.Hour, CertificateActive, ValidationSuccess, true},
		{"issued, whatever the work says", CertificateState{Leaf: leaf, Work: &CertificateWork{Failure: FailureCAA}}, 0, CertificateActive, ValidationSuccess, true},
		{"before its time", CertificateState{Leaf: leaf}, -time.Minute, CertificateActive, ValidationSuccess, false},
		{"expired", CertificateState{Leaf: leaf}, 101 * time.Hour, CertificateExpired, ValidationSuccess, false},
		{"revoked", CertificateState{Leaf: leaf, Revoked: &CertificateMark{}}, 0, CertificateRevoked, ValidationSuccess, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, now := tt.state, c.Created.Add(tt.after)
			s.Certificate = c
			if got := s.Status(now); got != tt.want || s.Usable(now) != tt.usable {
				t.Errorf("Status, Usable = %s, %v, want %s, %v", got, s.Usable(now), tt.want, tt.usable)
			}
			if got := s.Validation("example.org.", now).Status; got != tt.validation {
				t.Errorf("Validation = %s, want %s", got, tt.validation)
			}
		})
	}
}

func TestCertificateRowsValidate(t *testing.T) {
	arn := certificate("example.org.").ARN
	with := func(f func(c *Certificate)) *Certificate {
		c := certificate("example.org.")
		f(c)
		return c
	}
	tests := []struct {
		name  string
		value Value
		want  string // part of the error; empty: none
	}{
		{"certificate", certificate("example.org.", "*.example.org."), ""},
		{"foreign ARN", with(func(c *Certificate) { c.Account = "111111111111" }), "is not the ARN of a certificate of account"},
		{"no name", with(func(c *Certificate) { c.Names, c.Tokens = nil, nil }), "0 names"},
		{"name", with(func(c *Certificate) { c.Names = []Name{"Example.org"} }), "canonical"},
		{"type", with(func(c *Certificate) { c.Type = "PRIVATE" }), `type of a certificate "PRIVATE"`},
		{"algorithm", with(func(c *Certificate) { c.KeyAlgorithm = "DSA" }), `key algorithm "DSA"`},
		{"token", with(func(c *Certificate) { c.Tokens[0].Target = "evil.example.net." }), "validation target"},
		{"label", with(func(c *Certificate) { c.Tokens[0].Label = "www" }), "validation label"},
		{"idempotency", with(func(c *Certificate) { c.Idempotency = "a b" }), "idempotency token"},
		{"work", &CertificateWork{ARN: arn, Failure: "WHATEVER"}, `failure of a certificate "WHATEVER"`},
		{"work of nothing", &CertificateWork{}, "is not the ARN"},
		{"renewal", &CertificateWork{ARN: arn, Renewal: &CertificateRenewal{Status: "x"}}, `state of a renewal "x"`},
		{"validation", &CertificateWork{ARN: arn, Names: []NameValidation{{Name: "a.", Status: "x"}}}, `state of a name's validation "x"`},
		{"leaf", &CertificateLeaf{ARN: arn, Chain: [][]byte{{1}}, SealedKey: []byte{1}}, ""},
		{"leaf without key", &CertificateLeaf{ARN: arn, Chain: [][]byte{{1}}}, ""},
		{"leaf with a large key", &CertificateLeaf{ARN: arn, Chain: [][]byte{{1}}, SealedKey: make([]byte, 1<<15)}, "sealed key of 32768 bytes"},
		{"worker", &CertificateWorker{Node: "n"}, "without a run"},
		{"ACME account", &ACMEAccount{Directory: "https://a", URL: "x"}, "sealed key of 0 bytes"},
		{"leaf without chain", &CertificateLeaf{ARN: arn, SealedKey: []byte{1}}, "chain of 0 certificates"},
		{"long chain", &CertificateLeaf{ARN: arn, SealedKey: []byte{1}, Chain: slices.Repeat([][]byte{{1}}, MaxChainCertificates+1)}, "chain of 513 certificates"},
		{"mark", &CertificateMark{ARN: arn, Kind: "x"}, `mark of a certificate "x"`},
		{"configuration", &CertificateConfiguration{Account: DefaultAccount, DaysBeforeExpiry: 46}, "46 days"},
		{"authority", &CertificateAuthority{Directory: "ftp://a"}, "is no http URL"},
		{"event", &CertificateEvent{ARN: arn, At: -1}, "out of range"},
		{"seed", &ValidationSeed{Account: DefaultAccount}, "validation seed of 0 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.value.Validate()
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Validate() = %v, want %q", err, tt.want)
			}
		})
	}
}

// rows is a [RowGetter] over a map.
type rows map[string]Value

func (r rows) Get(table, key string) (Value, bool) {
	v, ok := r[table+"\x00"+key]
	return v, ok
}

func TestCertificateAt(t *testing.T) {
	c := certificate("example.org.")
	all := []Value{
		c, &CertificateWork{ARN: c.ARN}, &CertificateLeaf{ARN: c.ARN}, &CertificateMark{ARN: c.ARN, Kind: MarkExported},
		&CertificateMark{ARN: c.ARN, Kind: MarkRevoked}, &CertificateMark{ARN: c.ARN, Kind: MarkRenewal},
	}
	r := make(rows)
	for _, v := range all {
		r[v.Table()+"\x00"+v.Key()] = v
	}
	s, ok := CertificateAt(r, c.ARN)
	if !ok || s.Work == nil || s.Leaf == nil || s.Exported == nil || s.Revoked == nil || s.Asked == nil {
		t.Errorf("CertificateAt = %+v, %v, want all rows", s, ok)
	}
	delete(r, TableCertificates+"\x00"+c.ARN)
	if s, ok := CertificateAt(r, c.ARN); ok {
		t.Errorf("CertificateAt without the certificate = %+v, want none: its other rows are inert", s)
	}
}
