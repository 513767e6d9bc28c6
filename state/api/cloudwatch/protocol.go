package cloudwatch

import (
	"net/http"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/awsjson"
	"github.com/edgestage/edgestage/state/api/awsquery"
)

const (
	shapeName = "GraniteServiceVersion20100801"
	namespace = "http://monitoring.amazonaws.com/doc/2010-08-01/"
	rpcPath   = "/service/" + shapeName + "/operation/"
)

// protocol is a way in which clients speak.
type protocol interface {
	operation(r *api.Request) (string, error)
	decode(r *api.Request, v any) error
	succeed(w http.ResponseWriter, r *api.Request) error
	fail(w http.ResponseWriter, r *api.Request, e *awserr.Error)
}

// protocolOf returns how r speaks: Query, unless it says otherwise.
func protocolOf(r *http.Request) protocol {
	switch {
	case strings.HasPrefix(r.URL.Path, rpcPath):
		return rpcCBOR{}
	case strings.HasPrefix(r.Header.Get("X-Amz-Target"), shapeName+"."):
		return jsonTarget{}
	}
	return query{}
}

// query is the Query protocol.
type query struct{}

func (query) operation(r *api.Request) (string, error) {
	form, err := awsquery.Form(r)
	return form.Get("Action"), err
}

func (query) decode(r *api.Request, v any) error {
	form, err := awsquery.Form(r)
	if err != nil {
		return err
	}
	return awsquery.Decode(form, v)
}

func (query) succeed(w http.ResponseWriter, r *api.Request) error {
	return awsquery.Write(w, r, namespace, operation, nil)
}

func (query) fail(w http.ResponseWriter, r *api.Request, e *awserr.Error) {
	api.WriteXMLError(w, r, namespace, e)
}

// jsonTarget is JSON with a target.
type jsonTarget struct{}

func (jsonTarget) operation(r *api.Request) (string, error) {
	name, _ := awsjson.Operation(r.Request, shapeName)
	return name, nil
}

func (jsonTarget) decode(r *api.Request, v any) error { return awsjson.Decode(r.Payload, v) }

func (jsonTarget) succeed(w http.ResponseWriter, _ *api.Request) error { return awsjson.Write(w, nil) }

func (jsonTarget) fail(w http.ResponseWriter, r *api.Request, e *awserr.Error) {
	awsjson.WriteError(w, r, "message", e)
}

// rpcCBOR is Smithy's RPC v2 with CBOR.
type rpcCBOR struct{}

func (rpcCBOR) operation(r *api.Request) (string, error) {
	return strings.TrimPrefix(r.URL.Path, rpcPath), nil
}

var decMode = mustMode(cbor.DecOptions{MaxArrayElements: 256, MaxMapPairs: 256, MaxNestedLevels: 8, UTF8: cbor.UTF8RejectInvalid}.DecMode())

func mustMode(m cbor.DecMode, err error) cbor.DecMode {
	if err != nil {
		panic(err) // impossible: the options are constants
	}
	return m
}

func (rpcCBOR) decode(r *api.Request, v any) error {
	if len(r.Payload) > 0 {
		if err := decMode.Unmarshal(r.Payload, v); err != nil {
			return awserr.New(awserr.Serialization, "The request document is no such CBOR map: %v", err)
		}
	}
	return awsjson.Check(v)
}

func (p rpcCBOR) succeed(w http.ResponseWriter, _ *api.Request) error {
	return p.write(w, http.StatusOK, struct{}{})
}

func (p rpcCBOR) fail(w http.ResponseWriter, _ *api.Request, e *awserr.Error) {
	w.Header().Set("X-Amzn-Query-Error", string(e.Code)+";"+e.Fault())
	_ = p.write(w, e.Status(), map[string]string{"__type": string(e.Code), "message": e.Message})
}

func (rpcCBOR) write(w http.ResponseWriter, status int, v any) error {
	body, err := cbor.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/cbor")
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	w.WriteHeader(status)
	_, _ = w.Write(body)
	return nil
}
