// Package awsquery is the Query protocol of AWS's services: a form whose Action
// names the operation, an XML document out.
//
// [Decode] reads a form into a struct whose members are named by `json` tags
// and bound by the tags of package awsjson. In a form a list is
// `Name.member.1`, a structure `Name.Member`, a map `Name.entry.1.key` and
// `Name.entry.1.value`. Parameters that the struct does not name are ignored,
// as AWS does. Nothing a form holds makes the package use more than a few times
// its own size. It keeps no state and is safe for concurrent use.
package awsquery

import (
	"bytes"
	"encoding/xml"
	"mime"
	"net/http"
	"net/url"

	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/api/awserr"
)

// formType is the media type of requests.
const formType = "application/x-www-form-urlencoded"

// IsForm tells whether r's body is a form, or its query one.
func IsForm(r *http.Request) bool {
	if r.Method == http.MethodGet {
		return r.URL.Query().Has("Action")
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && media == formType
}

// Form returns the parameters of a request: those of its body, or of its query
// if it is a GET.
func Form(r *api.Request) (url.Values, error) {
	raw := string(r.Payload)
	if r.Method == http.MethodGet {
		raw = r.URL.RawQuery
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, awserr.New(awserr.MalformedQueryString, "The query string contains a syntax error.")
	}
	return values, nil
}

// response is a document; result may be nil.
type response struct {
	Namespace string `xml:"xmlns,attr"`
	Result    *result
	Metadata  metadata `xml:"ResponseMetadata"`
}

type metadata struct {
	RequestID string `xml:"RequestId"`
}

type result struct {
	XMLName xml.Name
	Members any
}

// MarshalXML writes the members below the result's own name.
func (r *result) MarshalXML(e *xml.Encoder, _ xml.StartElement) error {
	return e.EncodeElement(r.Members, xml.StartElement{Name: r.XMLName})
}

// Write answers an operation with members, a struct with `xml` tags; nil where
// the operation has no result.
func Write(w http.ResponseWriter, r *api.Request, namespace, operation string, members any) error {
	document := response{Namespace: namespace, Metadata: metadata{r.ID}}
	if members != nil {
		document.Result = &result{XMLName: xml.Name{Local: operation + "Result"}, Members: members}
	}
	var b bytes.Buffer
	e := xml.NewEncoder(&b)
	err := e.EncodeElement(document, xml.StartElement{Name: xml.Name{Local: operation + "Response"}})
	if err == nil {
		err = e.Close()
	}
	if err != nil {
		return err
	}
	api.WriteXML(w, http.StatusOK, b.Bytes())
	return nil
}
