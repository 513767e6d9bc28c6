package api

import (
	"crypto/rand"
	"encoding/xml"
	"fmt"
	"net/http"

	"github.com/edgestage/edgestage/state/api/awserr"
)

// dispatch finds out whom a request is for: the service of its credential
// scope, else the one that knows its path or target. Its host is not looked
// at, for SDKs put prefixes before it. Where there is a service, the error is
// that of a malformed signature.
func (h *Handler) dispatch(r *http.Request) (Service, *authorization, error) {
	auth, err := parseAuthorization(r)
	if auth != nil {
		for _, s := range h.config.Services {
			if s.Scope() == auth.service {
				return s, auth, err
			}
		}
	}
	for _, s := range h.config.Services {
		if s.Owns(r) {
			return s, auth, err
		}
	}
	if err == nil {
		err = awserr.New(awserr.UnknownOperation, "No service here knows this request.")
	}
	return nil, nil, err
}

// newRequestID returns a random UUID.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// ErrorDocument is the error of REST-XML and Query services (aws-behaviour
// 2.2).
type ErrorDocument struct {
	XMLName xml.Name `xml:"ErrorResponse"`
	// Namespace is the service's.
	Namespace string           `xml:"xmlns,attr,omitempty"`
	Error     ErrorDescription `xml:"Error"`
	RequestID string           `xml:"RequestId"`
}

// ErrorDescription says what went wrong.
type ErrorDescription struct {
	Type    string
	Code    string
	Message string
}

// WriteXMLError writes e as an [ErrorDocument] in a namespace.
func WriteXMLError(w http.ResponseWriter, r *Request, namespace string, e *awserr.Error) {
	body, err := xml.Marshal(ErrorDocument{
		Namespace: namespace,
		Error:     ErrorDescription{Type: e.Fault(), Code: string(e.Code), Message: e.Message},
		RequestID: r.ID,
	})
	if err != nil {
		body = nil // impossible: strings only
	}
	WriteXML(w, e.Status(), body)
}

// WriteXML writes an XML document without its declaration, which it adds as
// AWS's services spell it.
func WriteXML(w http.ResponseWriter, status int, document []byte) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = w.Write([]byte("<?xml version=\"1.0\"?>\n"))
	_, _ = w.Write(document)
}

// writeUnknownService answers what is no service's.
func writeUnknownService(w http.ResponseWriter, r *Request, e *awserr.Error) {
	WriteXMLError(w, r, "", e)
}
