package api

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/edgestage/edgestage/state/api/awserr"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	timeFormat = "20060102T150405Z"
	dateFormat = "20060102"
	terminator = "aws4_request"

	maxKeyID         = 128
	maxSignedHeaders = 64
)

// authorization is what a request says about who signed it, with what and
// when: in the Authorization header, or in the query of a presigned URL.
type authorization struct {
	keyID, date, region, service string
	signedHeaders                []string
	signature                    string
	at                           time.Time
	presigned                    bool
	expires                      time.Duration // of a presigned request
}

// parseAuthorization returns what r says, nil if it says nothing. With an
// error it returns as much as names the service.
func parseAuthorization(r *http.Request) (*authorization, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		return parseHeader(r, header)
	}
	if strings.Contains(r.URL.RawQuery, "X-Amz-Algorithm=") {
		return parsePresigned(r.URL.Query())
	}
	return nil, nil
}

// parseHeader reads
//
//	AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=A;B, Signature=HEX
func parseHeader(r *http.Request, header string) (*authorization, error) {
	rest, ok := strings.CutPrefix(header, algorithm)
	if !ok || rest != "" && rest[0] != ' ' {
		return nil, incomplete("Unsupported AWS 'algorithm'.", header)
	}
	fields := make(map[string]string)
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if _, twice := fields[name]; !ok || twice {
			continue
		}
		fields[name] = value
	}
	a := &authorization{signature: fields["Signature"], signedHeaders: splitHeaders(fields["SignedHeaders"])}
	var faults []string
	for _, name := range []string{"Credential", "Signature", "SignedHeaders"} {
		if fields[name] == "" {
			faults = append(faults, "Authorization header requires '"+name+"' parameter.")
		}
	}
	when := r.Header.Get("X-Amz-Date")
	if when == "" {
		when = r.Header.Get("Date")
	}
	if when == "" {
		faults = append(faults, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	known := a.parseCredential(fields["Credential"])
	if len(faults) > 0 {
		return a, incomplete(strings.Join(faults, " "), header)
	}
	if known != nil {
		return a, known
	}
	return a, a.parseTime(when)
}

// incomplete is the error about an Authorization header, which it shows as AWS
// does: by its hash.
func incomplete(text, header string) error {
	sum := sha256.Sum256([]byte(header))
	return awserr.New(awserr.IncompleteSignature, "%s (Hashed with SHA-256 and encoded with Base64) Authorization=%s",
		text, base64.StdEncoding.EncodeToString(sum[:]))
}

// parsePresigned reads the X-Amz- parameters of a presigned URL.
func parsePresigned(q url.Values) (*authorization, error) {
	a := &authorization{
		presigned: true, signature: q.Get("X-Amz-Signature"), signedHeaders: splitHeaders(q.Get("X-Amz-SignedHeaders")),
	}
	known := a.parseCredential(q.Get("X-Amz-Credential"))
	if q.Get("X-Amz-Algorithm") != algorithm {
		return a, awserr.New(awserr.IncompleteSignature, "AWS query-string parameters must include 'X-Amz-Algorithm' with the value %s.", algorithm)
	}
	for _, name := range []string{"X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"} {
		if q.Get(name) == "" {
			return a, awserr.New(awserr.IncompleteSignature, "AWS query-string parameters must include '%s'.", name)
		}
	}
	if known != nil {
		return a, known
	}
	if s := q.Get("X-Amz-Expires"); s != "" {
		seconds, err := strconv.ParseUint(s, 10, 32)
		if err != nil || seconds > 7*24*3600 {
			return a, awserr.New(awserr.IncompleteSignature, "X-Amz-Expires must be a number of seconds in [0, 604800].")
		}
		a.expires = time.Duration(seconds) * time.Second
	}
	return a, a.parseTime(q.Get("X-Amz-Date"))
}

// region is what the name of a Region looks like; ARNs hold it.
var region = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// parseCredential reads KEY/DATE/REGION/SERVICE/aws4_request.
func (a *authorization) parseCredential(s string) error {
	parts := strings.Split(s, "/")
	if len(parts) != 5 || parts[0] == "" || len(parts[0]) > maxKeyID {
		return awserr.New(awserr.IncompleteSignature, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.")
	}
	a.keyID, a.date, a.region, a.service = parts[0], parts[1], parts[2], parts[3]
	if !region.MatchString(a.region) {
		return awserr.New(awserr.SignatureDoesNotMatch, "Credential should be scoped to a valid region.")
	}
	if parts[4] != terminator {
		return awserr.New(awserr.SignatureDoesNotMatch, "Credential should be scoped with a valid terminator: '%s'.", terminator)
	}
	return nil
}

// parseTime reads when the request was signed.
func (a *authorization) parseTime(s string) error {
	for _, layout := range []string{timeFormat, http.TimeFormat} {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		a.at = t.UTC()
		if a.date != a.at.Format(dateFormat) {
			return awserr.New(awserr.SignatureDoesNotMatch, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.")
		}
		return nil
	}
	return awserr.New(awserr.IncompleteSignature, "Date must be in ISO-8601 'basic format'. Got '%.32s'. See http://en.wikipedia.org/wiki/ISO_8601", s)
}

func splitHeaders(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ";")
}
