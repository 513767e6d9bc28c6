package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/model"
)

// maxSkew is how far a client's clock may be off.
const maxSkew = 5 * time.Minute

// introduce notes the account that a request says to be from, before its body
// is read: who names no key, or none that is known, takes nothing from others.
// The errors are [awserr.MissingAuthentication], [awserr.InvalidClientTokenID]
// and, without credentials, what [anyone] says.
func (h *Handler) introduce(r *Request, a *authorization) error {
	if a == nil {
		return awserr.New(awserr.MissingAuthentication, "Missing Authentication Token")
	}
	known := h.credentials.Load()
	if known == nil {
		account, err := anyone(r, a)
		r.Account = account
		return err
	}
	c, ok := known.byID[a.keyID]
	if !ok {
		return awserr.New(awserr.InvalidClientTokenID, "The security token included in the request is invalid.")
	}
	r.Account = c.account
	return nil
}

// authenticate returns the account that a request comes from, or why it is not
// let in: with another signature than ours, or one that is out of its time,
// [awserr.SignatureDoesNotMatch]; else as introduce.
func (h *Handler) authenticate(r *Request, service Service, a *authorization) (string, error) {
	known := h.credentials.Load()
	if err := h.introduce(r, a); err != nil || known == nil {
		return r.Account, err
	}
	c, ok := known.byID[a.keyID]
	if !ok { // it was taken away meanwhile
		return "", awserr.New(awserr.InvalidClientTokenID, "The security token included in the request is invalid.")
	}
	if a.service != service.Scope() {
		return c.account, awserr.New(awserr.SignatureDoesNotMatch, "Credential should be scoped to correct service: '%s'.", service.Scope())
	}
	want, err := sign(r, a, c.secret)
	if err != nil {
		return c.account, err
	}
	if subtle.ConstantTimeCompare([]byte(want), []byte(a.signature)) != 1 {
		return c.account, mismatch("The request signature we calculated does not match the signature you provided. " +
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	return c.account, a.checkTime(h.config.Now().UTC())
}

// anyone returns the account that a key id stands for where none is checked.
// A page in a browser says where it is from; what it sends is not the user's
// will.
func anyone(r *Request, a *authorization) (string, error) {
	if r.Header.Get("Origin") != "" {
		return "", awserr.New(awserr.AccessDenied, "An endpoint without credentials does not answer web pages.")
	}
	if model.ValidateAccount(a.keyID) == nil {
		return a.keyID, nil
	}
	return model.DefaultAccount, nil
}

func mismatch(text string) error {
	return &awserr.Error{Code: awserr.SignatureDoesNotMatch, Message: text}
}

// checkTime returns an error unless the request was signed within [maxSkew] of
// now, or a presigned one has not expired.
func (a *authorization) checkTime(now time.Time) error {
	until := a.at.Add(maxSkew)
	if a.presigned && a.expires > maxSkew {
		until = a.at.Add(a.expires)
	}
	const minutes = int(maxSkew / time.Minute)
	switch {
	case now.After(until):
		return awserr.New(awserr.SignatureDoesNotMatch, "Signature expired: %s is now earlier than %s (%s - %d min.)",
			a.at.Format(timeFormat), now.Add(-maxSkew).Format(timeFormat), now.Format(timeFormat), minutes)
	case a.at.After(now.Add(maxSkew)):
		return awserr.New(awserr.SignatureDoesNotMatch, "Signature not yet current: %s is still later than %s (%s + %d min.)",
			a.at.Format(timeFormat), now.Add(maxSkew).Format(timeFormat), now.Format(timeFormat), minutes)
	}
	return nil
}

// sign returns the signature that a request with this key should have: it
// signs what it says it signed, again.
func sign(r *Request, a *authorization, secret string) (string, error) {
	again, err := unsigned(r, a)
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256(r.Payload)
	credentials := aws.Credentials{AccessKeyID: a.keyID, SecretAccessKey: secret}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableHeaderHoisting = true })
	if a.presigned {
		uri, _, err := signer.PresignHTTP(context.Background(), credentials, again, hex.EncodeToString(hash[:]), a.service, a.region, a.at)
		if err != nil {
			return "", err
		}
		u, err := url.Parse(uri)
		if err != nil {
			return "", err
		}
		return u.Query().Get("X-Amz-Signature"), nil
	}
	if err := signer.SignHTTP(context.Background(), credentials, again, hex.EncodeToString(hash[:]), a.service, a.region, a.at); err != nil {
		return "", err
	}
	_, signature, _ := strings.Cut(again.Header.Get("Authorization"), "Signature=")
	return signature, nil
}

// unsigned returns the request with the headers that were signed and no
// others, as it was before it was signed.
func unsigned(r *Request, a *authorization) (*http.Request, error) {
	if len(a.signedHeaders) > maxSignedHeaders || !slices.IsSorted(a.signedHeaders) || !slices.Contains(a.signedHeaders, "host") {
		return nil, mismatch("SignedHeaders must hold 'host', and at most 64 names in their order.")
	}
	if r.Header.Get("X-Amz-Target") != "" && !slices.Contains(a.signedHeaders, "x-amz-target") {
		return nil, mismatch("'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.")
	}
	u := *r.URL
	u.Host, u.Scheme = r.Host, "http"
	if r.TLS != nil {
		u.Scheme = "https"
	}
	again := &http.Request{Method: r.Method, URL: &u, Host: r.Host, Header: http.Header{}}
	for _, name := range a.signedHeaders {
		switch name {
		case "host":
		case "content-length":
			again.ContentLength = int64(len(r.Payload))
		default:
			key := http.CanonicalHeaderKey(name)
			values, ok := r.Header[key]
			if !ok {
				return nil, mismatch("A signed header is missing from the request.")
			}
			again.Header[key] = slices.Clone(values)
		}
	}
	q := u.Query()
	q.Del("X-Amz-Signature")
	u.RawQuery = q.Encode()
	again.URL = &u
	return again, nil
}
