// Package awsjson is the JSON 1.1 protocol of AWS's services: a POST whose
// X-Amz-Target names the operation, a document in, a document out.
//
// [Decode] reads a request into a struct and checks what the struct's tags say,
// in the words that clients of AWS know: members are named by `json` tags, and
//
//	aws:"required,min=1,max=64"  presence; length of text, list or map, value of numbers
//	enum:"A|B"                   allowed values of text
//	pattern:"[a-z]+"             the whole text
//
// bind them; in lists and maps of text, min, max, enum and pattern bind the
// list, and `each:"min=1,max=64"`, `eachenum`, `eachpattern` its members.
// Members that the struct does not name are ignored, as AWS does. Nothing a
// document holds makes the package use more than a few times its own size. It
// keeps no state and is safe for concurrent use.
package awsjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/api/awserr"
)

// contentType is that of all documents.
const contentType = "application/x-amz-json-1.1"

// Operation returns the name of the operation that r's target names within a
// service's prefix, such as "CertificateManager".
func Operation(r *http.Request, prefix string) (string, bool) {
	name, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), prefix+".")
	return name, ok && name != ""
}

// Decode reads a request document into v, a pointer to a struct. An empty
// payload is an empty document. It returns an [awserr.Serialization] where the
// document is none or a member has another type, and [Constraints] that hold
// everything that v's tags forbid.
func Decode(payload []byte, v any) error {
	if len(payload) > 0 {
		if err := unmarshal(payload, v); err != nil {
			return err
		}
	}
	return Check(v)
}

func unmarshal(payload []byte, v any) error {
	err := json.Unmarshal(payload, v)
	if err == nil {
		return nil
	}
	if typed := (*json.UnmarshalTypeError)(nil); errors.As(err, &typed) {
		return awserr.New(awserr.Serialization, "%s can not be converted to the type of '%s'", strings.ToUpper(typed.Value), typed.Field)
	}
	if known := (*awserr.Error)(nil); errors.As(err, &known) {
		return known
	}
	return awserr.New(awserr.Serialization, "The request document is no JSON object: %v", err)
}

// Write answers with a document. A nil v is the empty document.
func Write(w http.ResponseWriter, v any) error {
	if v == nil {
		v = struct{}{}
	}
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding the answer: %w", err)
	}
	write(w, http.StatusOK, body)
	return nil
}

func write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// WriteError answers with an error. The member that holds its message is
// "message" in some services, "Message" in others (aws-behaviour 6.1, 7.1).
func WriteError(w http.ResponseWriter, _ *api.Request, messageMember string, e *awserr.Error) {
	document := map[string]any{"__type": string(e.Code), messageMember: e.Message}
	for name, value := range e.Members {
		document[name] = value
	}
	body, err := json.Marshal(document)
	if err != nil {
		body = []byte("{}") // impossible: members are text
	}
	w.Header().Set("X-Amzn-Errortype", string(e.Code))
	write(w, e.Status(), body)
}

// Time is a moment as documents carry it: seconds since 1970, with
// milliseconds as a fraction. The zero value is not to be written: leave the
// member out with `omitzero`.
type Time time.Time

// IsZero tells whether t is no moment.
func (t Time) IsZero() bool { return time.Time(t).IsZero() }

// MarshalJSON implements [json.Marshaler].
func (t Time) MarshalJSON() ([]byte, error) {
	ms := time.Time(t).UnixMilli()
	if ms%1000 == 0 {
		return fmt.Appendf(nil, "%d", ms/1000), nil
	}
	return fmt.Appendf(nil, "%d.%03d", ms/1000, ms%1000), nil
}

// maxSeconds bounds a moment: the end of the year 9999.
const maxSeconds = 253402300799

// UnmarshalJSON implements [json.Unmarshaler]: a number of seconds in
// [0, 253402300799].
func (t *Time) UnmarshalJSON(data []byte) error {
	var seconds float64
	if err := json.Unmarshal(data, &seconds); err != nil || seconds < 0 || seconds > maxSeconds {
		return awserr.New(awserr.Serialization, "%.40s is not a number of seconds in [0, %d]", data, int64(maxSeconds))
	}
	*t = Time(time.UnixMilli(int64(seconds*1000 + 0.5)).UTC())
	return nil
}
