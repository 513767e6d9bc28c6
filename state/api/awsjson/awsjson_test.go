package awsjson

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state/api/awserr"
)

type tag struct {
	Key   string `json:"Key" aws:"required,min=1,max=4"`
	Value string `json:"Value" aws:"max=8"`
}

type request struct {
	Name    string            `json:"Name" aws:"required,max=5" pattern:"[a-z]+"`
	Kind    string            `json:"Kind" enum:"A|B"`
	Count   *int64            `json:"Count" aws:"min=1,max=10"`
	Tags    []tag             `json:"Tags" aws:"max=2"`
	Words   []string          `json:"Words" each:"max=3" eachenum:"x|y|long"`
	Props   map[string]string `json:"Props" aws:"max=2" each:"max=2"`
	Nested  *tag              `json:"Nested"`
	Since   Time              `json:"Since"`
	Ignored bool              `json:"-"`
}

func TestDecode(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"least", `{"Name":"abc"}`, ""},
		{"unknown members", `{"Name":"abc","Other":{"x":[1]}}`, ""},
		{"all", `{"Name":"abc","Kind":"B","Count":10,"Tags":[{"Key":"k","Value":""}],"Words":["x"],"Props":{"a":"b"},"Nested":{"Key":"k"},"Since":1.5}`, ""},
		{"nothing", ``, "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null"},
		{"length and pattern", `{"Name":"ABCDEF"}`, "2 validation errors detected: Value 'ABCDEF' at 'name' failed to satisfy constraint: Member must have length less than or equal to 5; " +
			"Value 'ABCDEF' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+"},
		{"enum", `{"Name":"a","Kind":"C"}`, "1 validation error detected: Value 'C' at 'kind' failed to satisfy constraint: Member must satisfy enum value set: [A, B]"},
		{"number", `{"Name":"a","Count":0}`, "1 validation error detected: Value '0' at 'count' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"list", `{"Name":"a","Tags":[{"Key":"a"},{"Key":"b"},{}]}`, "2 validation errors detected: Value '[3 members]' at 'tags' failed to satisfy constraint: Member must have length less than or equal to 2; " +
			"Value null at 'tags.3.member.key' failed to satisfy constraint: Member must not be null"},
		{"members of text", `{"Name":"a","Words":["x","long","z"]}`, "2 validation errors detected: Value 'long' at 'words.2.member' failed to satisfy constraint: Member must have length less than or equal to 3; " +
			"Value 'z' at 'words.3.member' failed to satisfy constraint: Member must satisfy enum value set: [x, y, long]"},
		{"map", `{"Name":"a","Props":{"b":"long","a":"b"}}`, "1 validation error detected: Value 'long' at 'props.b.member' failed to satisfy constraint: Member must have length less than or equal to 2"},
		{"nested", `{"Name":"a","Nested":{"Key":"12345"}}`, "1 validation error detected: Value '12345' at 'nested.key' failed to satisfy constraint: Member must have length less than or equal to 4"},
		{"type", `{"Name":1}`, "SerializationException: NUMBER can not be converted to the type of 'Name'"},
		{"moment", `{"Name":"a","Since":-1}`, "SerializationException: -1 is not a number of seconds in [0, 253402300799]"},
		{"no object", `[`, "SerializationException: The request document is no JSON object: unexpected end of JSON input"},
		{"two documents", `{} {}`, "SerializationException: The request document is no JSON object: invalid character '{' after top-level value"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if err := Decode([]byte(tt.in), new(request)); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("Decode(%s) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestTime(t *testing.T) {
	for _, tt := range []struct{ in, out string }{{"1", "1"}, {"1.5", "1.500"}, {"1790000000.123", "1790000000.123"}, {"1e9", "1000000000"}} {
		var got Time
		if err := json.Unmarshal([]byte(tt.in), &got); err != nil {
			t.Fatal(err)
		}
		if out, err := json.Marshal(got); err != nil || string(out) != tt.out {
			t.Errorf("%s is written as %s, %v, want %s", tt.in, out, err, tt.out)
		}
	}
	if !new(Time).IsZero() || Time(time.Unix(1, 0)).IsZero() {
		t.Error("IsZero() does not tell the zero moment from others")
	}
}

// TestWriteError checks the shape of aws-behaviour 6.1 and 7.1.
func TestWriteError(t *testing.T) {
	w := httptest.NewRecorder()
	e := awserr.New("DuplicateRequest", "again")
	e.Members = map[string]string{"DuplicateOperationId": "op"}
	WriteError(w, nil, "Message", e)
	var got map[string]string
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if w.Code != http.StatusBadRequest || w.Header().Get("X-Amzn-Errortype") != "DuplicateRequest" || w.Header().Get("Content-Type") != contentType ||
		got["__type"] != "DuplicateRequest" || got["Message"] != "again" || got["DuplicateOperationId"] != "op" {
		t.Errorf("WriteError writes %d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestOperation(t *testing.T) {
	for _, tt := range []struct {
		target, want string
		ok           bool
	}{{"Svc.Do", "Do", true}, {"Svc.", "", false}, {"Other.Do", "", false}, {"", "", false}} {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("X-Amz-Target", tt.target)
		if got, ok := Operation(r, "Svc"); ok != tt.ok || ok && got != tt.want {
			t.Errorf("Operation(%q) = %q, %v, want %q, %v", tt.target, got, ok, tt.want, tt.ok)
		}
	}
}

// FuzzDecode checks that whatever a document holds, it is read or refused with
// one of the two errors, bounded in length.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"Name":"abc","Tags":[{"Key":"k"}],"Since":1.5,"Words":["x"],"Props":{"a":"b"}}`))
	f.Add([]byte(`{"Since":1e308}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var v request
		err := Decode(data, &v)
		if err == nil {
			if v.Name == "" || time.Time(v.Since).Unix() > maxSeconds {
				t.Errorf("Decode(%q) = %+v", data, v)
			}
			return
		}
		var broken Constraints
		if !errors.As(err, &broken) && !errors.Is(err, awserr.New(awserr.Serialization, "")) {
			t.Errorf("Decode(%q) = %v, of type %T", data, err, err)
		}
		if n := len(err.Error()); n > 2*len(data)+maxConstraints*(maxValue+200) || !strings.Contains(err.Error(), " ") {
			t.Errorf("Decode(%q) returns an error of %d bytes", data, n)
		}
	})
}
