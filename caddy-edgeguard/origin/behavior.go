package origin

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Behavior says which requests are signed.
type Behavior string

// The behaviours, as `SigningBehavior` of CloudFront's origin access control.
const (
	SignAlways     Behavior = "always"
	SignNoOverride Behavior = "no-override"
	SignNever      Behavior = "never"
)

func (b Behavior) validate() error {
	switch b {
	case SignAlways, SignNoOverride, SignNever:
		return nil
	}
	return fmt.Errorf("sign '%s' is none of always, no-override, never", string(b))
}

// Payload says whether bodies are part of the signature.
type Payload string

// What may be said of bodies.
const (
	PayloadUnsigned Payload = "unsigned"
	PayloadSigned   Payload = "signed"
)

func (p Payload) validate() error {
	switch p {
	case PayloadUnsigned, PayloadSigned:
		return nil
	}
	return fmt.Errorf("payload '%s' is none of unsigned, signed", string(p))
}

// maxSignedBytes bounds a body that is read to be signed.
const maxSignedBytes = 16 << 20

// unsignedPayload stands for the hash of a body that is not signed.
const unsignedPayload = "UNSIGNED-PAYLOAD"

// payloadHash returns what stands for the body in the signature, and leaves a
// body to be sent. tooLarge is true where it must not be.
func (t *Transport) payloadHash(out *http.Request) (hash string, tooLarge bool, err error) {
	if t.Payload != PayloadSigned {
		return unsignedPayload, false, nil
	}
	var body []byte
	if out.Body != nil {
		if out.ContentLength > maxSignedBytes {
			return "", true, nil
		}
		if body, err = io.ReadAll(io.LimitReader(out.Body, maxSignedBytes+1)); err != nil {
			return "", false, err
		}
		if len(body) > maxSignedBytes {
			return "", true, nil
		}
		out.Body, out.ContentLength = &readBody{Reader: bytes.NewReader(body), Closer: out.Body}, int64(len(body))
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:]), false, nil
}

// readBody is a body that was read, and closes the one it was read from.
type readBody struct {
	io.Reader
	io.Closer
}

// refuse answers a request without asking the origin.
func refuse(req *http.Request, status int, why string) *http.Response {
	why += "\n"
	return &http.Response{
		Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header:        http.Header{"Content-Type": {"text/plain; charset=utf-8"}},
		ContentLength: int64(len(why)), Body: io.NopCloser(strings.NewReader(why)),
	}
}

// validateBucket returns an error unless name may be a bucket's.
func validateBucket(name string) error {
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") != "" || name == "." || name == ".." {
		return fmt.Errorf("bucket '%s' is no bucket's name: letters, digits, '.', '-' and '_'", name)
	}
	return nil
}

// validateRegion returns an error unless region may stand in a signature's
// scope.
func validateRegion(region string) error {
	if strings.Trim(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return fmt.Errorf("region '%s' is no Region's name: lower-case letters, digits and '-'", region)
	}
	return nil
}

// validateMethod returns an error unless m is one that S3 knows.
func validateMethod(m string) error {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete:
		return nil
	}
	return fmt.Errorf("method '%s' is none of GET, HEAD, OPTIONS, PUT, POST, PATCH, DELETE", m)
}
