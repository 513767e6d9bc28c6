package awsquery

import (
	"errors"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/awsjson"
)

type certificate struct {
	ARN       string `json:"CertificateArn" aws:"required,max=9"`
	IsDefault *bool  `json:"IsDefault"`
}

type request struct {
	Listener string            `json:"ListenerArn" aws:"required"`
	Size     *int64            `json:"PageSize" aws:"min=1,max=400"`
	List     []certificate     `json:"Certificates" aws:"max=3"`
	Names    []string          `json:"Names" each:"max=3"`
	Map      map[string]string `json:"Map"`
	One      *certificate      `json:"One"`
}

func ptr[T any](v T) *T { return &v }

func TestDecode(t *testing.T) {
	tests := []struct {
		name, form string
		want       request
		err        string
	}{
		{"least", "ListenerArn=a&Action=X&Version=Y&Other.1=z", request{Listener: "a"}, ""},
		{"all", "ListenerArn=a&PageSize=400&Certificates.member.2.CertificateArn=c2&Certificates.member.1.CertificateArn=c1&Certificates.member.1.IsDefault=true&" +
			"Names.member.10=y&Names.member.9=x&Map.entry.1.key=k&Map.entry.1.value=v&One.CertificateArn=o",
			request{"a", ptr[int64](400), []certificate{{"c1", ptr(true)}, {"c2", nil}}, []string{"x", "y"}, map[string]string{"k": "v"}, &certificate{ARN: "o"}}, ""},
		{"empty list", "ListenerArn=a&Names=", request{Listener: "a", Names: []string{}}, ""},
		{"constraints", "PageSize=0&Certificates.member.1.CertificateArn=0123456789", request{},
			"3 validation errors detected: Value null at 'listenerArn' failed to satisfy constraint: Member must not be null; " +
				"Value '0' at 'pageSize' failed to satisfy constraint: Member must have value greater than or equal to 1; " +
				"Value '0123456789' at 'certificates.1.member.certificateArn' failed to satisfy constraint: Member must have length less than or equal to 9"},
		{"number", "ListenerArn=a&PageSize=x", request{}, "ValidationError: 'x' is not a valid value for 'PageSize'"},
		{"boolean", "ListenerArn=a&One.IsDefault=yes", request{}, "ValidationError: 'yes' is not a valid value for 'One.IsDefault'"},
		{"member number", "ListenerArn=a&Names.member.0=x", request{}, "MalformedQueryString: '0' is not a number of a member of 'Names', from 1 on."},
		{"member twice", "ListenerArn=a&Names.member.1=x&Names.member.01=y", request{}, "is not a number of a member of 'Names', from 1 on."},
		{"entry without a key", "ListenerArn=a&Map.entry.1.value=x", request{}, "MalformedQueryString: Entry 1 of 'Map' has no key or no value."},
		{"parameter twice", "ListenerArn=a&ListenerArn=b", request{}, `MalformedQueryString: Parameter "ListenerArn" stands 2 times.`},
		{"deep", "ListenerArn=a&x" + strings.Repeat(".x", 20) + "=1", request{}, "nests deeper than 16."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			form, err := url.ParseQuery(tt.form)
			if err != nil {
				t.Fatal(err)
			}
			var got request
			err = Decode(form, &got)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("Decode(%s) = %v, want %s", tt.form, err, tt.err)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("Decode(%s) = %+v, %v, want %+v", tt.form, got, err, tt.want)
			}
		})
	}
}

// TestWrite checks the form of aws-behaviour 8.3.
func TestWrite(t *testing.T) {
	type members struct {
		Names []string `xml:"Names>member"`
	}
	tests := []struct {
		name    string
		members any
		want    string
	}{
		{"result", members{[]string{"a", "b"}}, `<DoResponse xmlns="urn:x"><DoResult><Names><member>a</member><member>b</member></Names></DoResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></DoResponse>`},
		{"none", nil, `<DoResponse xmlns="urn:x"><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></DoResponse>`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			if err := Write(w, &api.Request{ID: "id"}, "urn:x", "Do", tt.members); err != nil {
				t.Fatal(err)
			}
			if _, got, _ := strings.Cut(w.Body.String(), "\n"); got != tt.want {
				t.Errorf("Write() = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestForm(t *testing.T) {
	post := httptest.NewRequest("POST", "/?a=1", nil)
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	get := httptest.NewRequest("GET", "/?Action=Do", nil)
	for name, r := range map[string]*api.Request{"post": {Request: post, Payload: []byte("Action=Do")}, "get": {Request: get}} {
		form, err := Form(r)
		if err != nil || form.Get("Action") != "Do" || form.Has("a") || !IsForm(r.Request) {
			t.Errorf("%s: Form() = %v, %v, want an Action only", name, form, err)
		}
	}
	if _, err := Form(&api.Request{Request: post, Payload: []byte("a=%")}); !errors.Is(err, awserr.New(awserr.MalformedQueryString, "")) {
		t.Errorf("Form() of a broken escape = %v", err)
	}
	if IsForm(httptest.NewRequest("POST", "/", nil)) || IsForm(httptest.NewRequest("GET", "/", nil)) {
		t.Error("IsForm() takes what is no form")
	}
}

// FuzzDecode checks that any form is read or refused with one of the errors
// that the package names.
func FuzzDecode(f *testing.F) {
	f.Add("ListenerArn=a&Certificates.member.1.CertificateArn=c&Map.entry.1.key=k&Map.entry.1.value=v&PageSize=3")
	f.Add("ListenerArn=a&Certificates.member.99999999999999999999=1")
	f.Fuzz(func(t *testing.T, raw string) {
		form, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		err = Decode(form, new(request))
		var broken awsjson.Constraints
		var known *awserr.Error
		if err != nil && !errors.As(err, &broken) && !errors.As(err, &known) {
			t.Errorf("Decode(%q) = %v, of type %T", raw, err, err)
		}
	})
}
