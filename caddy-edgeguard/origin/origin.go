// Package origin provides the reverse proxy transport `s3`: requests to an
// S3-compatible REST origin, signed as CloudFront's origin access control
// signs them, so that a private bucket serves this edge and nobody else.
//
// It is Caddy's own HTTP transport with a signature (AWS Signature Version 4,
// service s3) put on each request as the last thing before it leaves. It is no
// S3 client: it neither retries nor reads responses. A transport is immutable
// once provisioned, its credentials aside, and safe for concurrent use.
package origin

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/headers"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
)

func init() {
	caddy.RegisterModule(Transport{})
}

// Transport signs requests for an S3-compatible origin.
//
// The origin is sent the host name of its upstream address, unless `header_up
// Host` says otherwise: never the client's. The path and the query string are
// sent in the one form that S3 signs: each byte but letters, digits, `-`, `.`,
// `_`, `~` and, in the path, `/`, is percent-encoded once, and parameters are
// sorted. Nothing else is normalised: empty and dot segments are part of a
// key, and `%2F` is a slash of the key, as it is to S3.
type Transport struct {
	// The connections to the origin: all settings of the transport `http`.
	reverseproxy.HTTPTransport

	// The AWS Region for which requests are signed. Default: the one that the
	// host name tells (`BUCKET.s3.REGION.amazonaws.com`), else `us-east-1`.
	Region string `json:"region,omitempty"`

	// The bucket, for origins that want its name as the first segment of the
	// path instead of in the host name. Default: none, the host name says it.
	Bucket string `json:"bucket,omitempty"`

	// Which requests are signed, as `SigningBehavior` of CloudFront's origin
	// access control. Default: `always`.
	//
	// - `always`: every request. What the client sent to sign itself
	//   (`Authorization`, the `X-Amz-` headers and parameters that belong to a
	//   signature) is removed.
	// - `no-override`: those that come without `Authorization`, in the same
	//   way; one that has it passes as the client signed it.
	// - `never`: none. All passes as it is.
	Sign Behavior `json:"sign,omitempty"`

	// Whether the body is part of the signature. Default: `unsigned`.
	//
	// - `unsigned`: it is not (`UNSIGNED-PAYLOAD`), and passes as it comes.
	// - `signed`: its SHA-256 is. It is read whole into memory first; one of
	//   more than 16 MiB is refused with 413.
	Payload Payload `json:"payload,omitempty"`

	// The methods that clients may use; others are refused with 403. What the
	// credentials allow, every client may do, so add to them with care.
	// Default: `GET` and `HEAD`, as a distribution's.
	Methods []string `json:"methods,omitempty"`

	// Where the credentials are. Secrets do not stand in the configuration.
	// Default: the environment, else the shared credentials file.
	Credentials *Credentials `json:"credentials,omitempty"`

	keys *keySource
	key  *signingKeys
	now  func() time.Time
}

// CaddyModule returns the Caddy module information.
func (Transport) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.reverse_proxy.transport.s3",
		New: func() caddy.Module { return new(Transport) },
	}
}

// Provision sets the defaults, reads the credentials and sets up the
// connections.
func (t *Transport) Provision(ctx caddy.Context) error {
	if t.Sign == "" {
		t.Sign = SignAlways
	}
	if t.Payload == "" {
		t.Payload = PayloadUnsigned
	}
	if len(t.Methods) == 0 {
		t.Methods = []string{http.MethodGet, http.MethodHead}
	}
	t.now, t.key = time.Now, new(signingKeys)
	if err := t.HTTPTransport.Provision(ctx); err != nil {
		return err
	}
	if t.Sign == SignNever {
		return nil
	}
	var err error
	if t.keys, err = t.Credentials.open(ctx.Logger(), t.now); err != nil {
		return fmt.Errorf("reading credentials: %w", err)
	}
	return nil
}

// Validate refuses settings that there are not.
func (t *Transport) Validate() error {
	errs := []error{t.Sign.validate(), t.Payload.validate(), validateBucket(t.Bucket), validateRegion(t.Region)}
	for _, m := range t.Methods {
		errs = append(errs, validateMethod(m))
	}
	if t.Sign == SignNever && t.Credentials != nil {
		errs = append(errs, errors.New("cannot specify both 'sign never' and credentials"))
	}
	return errors.Join(errs...)
}

// RequestHeaderOps implements [reverseproxy.RequestHeaderOpsTransport]: the
// Host of an origin is its own, with and without TLS. `header_up` comes later
// and wins.
func (t *Transport) RequestHeaderOps() *headers.HeaderOps {
	return &headers.HeaderOps{Set: http.Header{"Host": {"{http.reverse_proxy.upstream.hostport}"}}}
}

// RoundTrip signs a copy of the request and sends it. What cannot be sent is
// answered here, with a status that tells why. The signature is on the copy
// alone, so nothing that logs the request sees it.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !slices.Contains(t.Methods, req.Method) {
		return refuse(req, http.StatusForbidden, "The origin is not configured to allow the HTTP request method that was used for this request."), nil
	}
	out := t.outgoing(req)
	if t.Sign == SignNever || t.Sign == SignNoOverride && req.Header.Get("Authorization") != "" {
		return t.HTTPTransport.RoundTrip(out)
	}
	if isStreaming(out.Header) {
		return refuse(req, http.StatusNotImplemented, "A body that the client signed in chunks cannot be signed again."), nil
	}
	hash, tooLarge, err := t.payloadHash(out)
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading request body: %w", err)
	case tooLarge:
		return refuse(req, http.StatusRequestEntityTooLarge, "The body is larger than 16 MiB, the most that is signed."), nil
	}
	keys, err := t.keys.get()
	if err != nil {
		return nil, fmt.Errorf("getting credentials to sign with: %w", err)
	}
	t.sign(out, keys, hash)
	return t.HTTPTransport.RoundTrip(out)
}

// outgoing returns a copy of req as it leaves, unsigned: with the host that is
// sent, and bucket, path and query in the form that S3 signs.
func (t *Transport) outgoing(req *http.Request) *http.Request {
	out := new(http.Request)
	*out = *req
	u := *req.URL
	out.URL, out.Header = &u, req.Header.Clone()
	t.SetScheme(out)
	if out.Host == "" {
		out.Host = u.Host
	}
	out.Host = withoutDefaultPort(out.Host, u.Scheme)
	setPath(&u, t.Bucket)
	return out
}

// sign puts the signature on a request that is about to leave.
func (t *Transport) sign(out *http.Request, keys *keys, hash string) {
	removeSignature(out.Header)
	out.URL.RawQuery = canonicalQuery(out.URL.RawQuery, isSignatureParameter)
	out.URL.ForceQuery = false
	region := t.Region
	if region == "" {
		region = regionOf(out.Host)
	}
	t.key.sign(out, keys, region, hash, t.now())
}

// Interface guards
var (
	_ caddy.Provisioner                      = (*Transport)(nil)
	_ caddy.Validator                        = (*Transport)(nil)
	_ caddy.CleanerUpper                     = (*Transport)(nil)
	_ http.RoundTripper                      = (*Transport)(nil)
	_ reverseproxy.TLSTransport              = (*Transport)(nil)
	_ reverseproxy.RequestHeaderOpsTransport = (*Transport)(nil)
)
