package origin

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// UnmarshalCaddyfile sets up the transport from Caddyfile tokens. Syntax:
//
//	transport s3 {
//	    region           <region>
//	    bucket           <name>
//	    sign             always|no-override|never
//	    payload          unsigned|signed
//	    methods          <method...>
//	    credentials_file <path>
//	    profile          <name>
//	    <property of the transport http> ...
//	}
func (t *Transport) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume transport name
	name := d.Token()
	if d.NextArg() {
		return d.ArgErr()
	}
	open, end := name, name
	open.Text, end.Text = "{", "}"
	forwarded := []caddyfile.Token{name, open}
	for d.NextBlock(0) {
		known, err := t.unmarshalProperty(d)
		if err != nil {
			return err
		}
		if !known {
			forwarded = append(forwarded, d.NextSegment()...)
			end.Line, end.File = d.Line()+1, d.File()
		}
	}
	if len(forwarded) == 2 {
		return nil
	}
	return t.HTTPTransport.UnmarshalCaddyfile(caddyfile.NewDispenser(append(forwarded, end)))
}

// unmarshalProperty reads one property if it is one of this transport's own.
func (t *Transport) unmarshalProperty(d *caddyfile.Dispenser) (known bool, err error) {
	switch d.Val() {
	case "region":
		return true, unmarshalOnce(d, &t.Region, validateRegion)
	case "bucket":
		return true, unmarshalOnce(d, &t.Bucket, validateBucket)
	case "sign":
		return true, unmarshalOnce(d, &t.Sign, Behavior.validate)
	case "payload":
		return true, unmarshalOnce(d, &t.Payload, Payload.validate)
	case "methods":
		return true, t.unmarshalMethods(d)
	case "credentials_file":
		return true, unmarshalOnce(d, &t.credentials().File, nil)
	case "profile":
		return true, unmarshalOnce(d, &t.credentials().Profile, nil)
	}
	return false, nil
}

// credentials returns the transport's, made if there are none.
func (t *Transport) credentials() *Credentials {
	if t.Credentials == nil {
		t.Credentials = new(Credentials)
	}
	return t.Credentials
}

// unmarshalOnce reads a property that has one value, not empty, and is given
// once.
func unmarshalOnce[S ~string](d *caddyfile.Dispenser, to *S, validate func(S) error) error {
	property := d.Val()
	if *to != "" {
		return d.Errf("'%s' is given twice", property)
	}
	var value string
	if !d.AllArgs(&value) {
		return d.ArgErr()
	}
	if value == "" {
		return d.Errf("'%s' is empty", property)
	}
	*to = S(value)
	if validate == nil {
		return nil
	}
	if err := validate(*to); err != nil {
		return d.WrapErr(err)
	}
	return nil
}

// unmarshalMethods reads the property `methods`.
func (t *Transport) unmarshalMethods(d *caddyfile.Dispenser) error {
	methods := d.RemainingArgs()
	if len(methods) == 0 {
		return d.ArgErr()
	}
	for _, m := range methods {
		if err := validateMethod(m); err != nil {
			return d.WrapErr(err)
		}
	}
	t.Methods = append(t.Methods, methods...)
	return nil
}

// Interface guards
var _ caddyfile.Unmarshaler = (*Transport)(nil)
