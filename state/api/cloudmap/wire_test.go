package cloudmap

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/model"
)

var update = flag.Bool("update", false, "write the golden files anew")

// wire sends documents as clients do.
type wire struct {
	t testing.TB
	h http.Handler
}

func newWire(t testing.TB, c Config) wire {
	return wire{t, api.New(api.Config{Replica: c.Replica, Services: []api.Service{New(c)}})}
}

// send returns status, header and document of an answer.
func (w wire) send(operation, body string) (int, http.Header, string) {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Date", "20260801T120000Z")
	r.Header.Set("X-Amz-Target", target+"."+operation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+testAccount+"/20260801/us-east-1/servicediscovery/aws4_request, SignedHeaders=host, Signature=0")
	rec := httptest.NewRecorder()
	w.h.ServeHTTP(rec, r)
	return rec.Code, rec.Header(), rec.Body.String()
}

// must sends what must be answered.
func (w wire) must(operation, body string) string {
	w.t.Helper()
	status, _, answer := w.send(operation, body)
	if status != 200 {
		w.t.Fatalf("%s %s = %d %s", operation, body, status, answer)
	}
	return answer
}

// changing matches what differs from run to run.
var changing = []struct {
	match *regexp.Regexp
	by    string
}{
	{regexp.MustCompile(`"(CreateDate|UpdateDate)": [0-9.]+`), `"$1": 1.5`},
	{regexp.MustCompile(`[a-z0-9]{32}-[a-z0-9]{8}`), "OPERATION"},
}

// TestGolden compares documents with testdata: names and types of members.
func TestGolden(t *testing.T) {
	w := newWire(t, Config{Replica: testNode(t)})
	w.must("CreatePublicDnsNamespace", `{"Name":"example.org","CreatorRequestId":"ns","Description":"a & b","Tags":[{"Key":"k","Value":"v"}]}`)
	ns := model.NewNamespaceID(testAccount, testRegion, "DNS_PUBLIC", "example.org", "", "ns")
	w.must("CreateService", `{"Name":"web","NamespaceId":"`+ns+`","CreatorRequestId":"srv","DnsConfig":{"DnsRecords":[{"Type":"A","TTL":10}]},"HealthCheckConfig":{"Type":"HTTP"}}`)
	w.must("CreateService", `{"Name":"own","NamespaceId":"`+ns+`","CreatorRequestId":"own","HealthCheckCustomConfig":{"FailureThreshold":3}}`)
	service, own := model.NewServiceID(ns, "web", "srv"), model.NewServiceID(ns, "own", "own")
	w.must("UpdateServiceAttributes", `{"ServiceId":"`+service+`","Attributes":{"k":"v"}}`)
	registered := w.must("RegisterInstance", `{"ServiceId":"`+service+`","InstanceId":"i-1","CreatorRequestId":"i","Attributes":{"AWS_INSTANCE_IPV4":"192.0.2.1","AWS_INSTANCE_PORT":"80"}}`)
	w.must("RegisterInstance", `{"ServiceId":"`+own+`","InstanceId":"i-1","CreatorRequestId":"i","Attributes":{}}`)
	var op operationAnswer
	if err := json.Unmarshal([]byte(registered), &op); err != nil {
		t.Fatal(err)
	}
	arn := "arn:aws:servicediscovery:us-east-1:111111111111:namespace/" + ns
	tests := []struct{ operation, body string }{
		{"CreateService", `{"Name":"own","NamespaceId":"` + ns + `","CreatorRequestId":"own","HealthCheckCustomConfig":{}}`},
		{"GetNamespace", `{"Id":"` + ns + `"}`},
		{"ListNamespaces", `{}`},
		{"GetService", `{"Id":"` + service + `"}`},
		{"ListServices", `{}`},
		{"GetInstance", `{"ServiceId":"` + service + `","InstanceId":"i-1"}`},
		{"ListInstances", `{"ServiceId":"` + service + `"}`},
		{"GetInstancesHealthStatus", `{"ServiceId":"` + own + `"}`},
		{"UpdateInstanceCustomHealthStatus", `{"ServiceId":"` + own + `","InstanceId":"i-1","Status":"HEALTHY"}`},
		{"DiscoverInstances", `{"NamespaceName":"example.org","ServiceName":"web"}`},
		{"DiscoverInstancesRevision", `{"NamespaceName":"example.org","ServiceName":"web"}`},
		{"GetOperation", `{"OperationId":"` + op.OperationId + `"}`},
		{"ListOperations", `{"MaxResults":1,"Filters":[{"Name":"TYPE","Values":["CREATE_NAMESPACE"]}]}`},
		{"ListTagsForResource", `{"ResourceARN":"` + arn + `"}`},
		{"GetServiceAttributes", `{"ServiceId":"` + service + `"}`},
		{"RegisterInstance", `{"ServiceId":"` + service + `","InstanceId":"i-1","CreatorRequestId":"i","Attributes":{"AWS_INSTANCE_IPV4":"192.0.2.1","AWS_INSTANCE_PORT":"80"}}`},
	}
	for _, tt := range tests {
		t.Run(tt.operation, func(t *testing.T) { golden(t, strings.ToLower(tt.operation)+".json", w.must(tt.operation, tt.body)) })
	}
}

// golden compares a document with a file.
func golden(t *testing.T, file, body string) {
	t.Helper()
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte(body), "", "  "); err != nil {
		t.Fatalf("%q: %v", body, err)
	}
	got := pretty.String() + "\n"
	for _, c := range changing {
		got = c.match.ReplaceAllString(got, c.by)
	}
	path := filepath.Join("testdata", "golden", file)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is\n%s\nwant\n%s", path, got, want)
	}
}

// TestErrorDocument covers the shape of errors (aws-behaviour 6.1).
func TestErrorDocument(t *testing.T) {
	w := newWire(t, Config{Replica: testNode(t)})
	tests := []struct {
		name, operation, body string
		status                int
		want                  string
	}{
		{"not found", "GetService", `{"Id":"srv-x"}`, 400, `{"Message":"The service srv-x can't be found.","__type":"ServiceNotFound"}`},
		{"missing member", "GetService", `{}`, 400,
			`{"Message":"1 validation error detected: Value null at 'id' failed to satisfy constraint: Member must not be null","__type":"InvalidInput"}`},
		{"no VPC", "CreatePrivateDnsNamespace", `{"Name":"corp"}`, 400,
			`{"Message":"1 validation error detected: Value null at 'vpc' failed to satisfy constraint: Member must not be null","__type":"InvalidInput"}`},
		{"no attributes", "RegisterInstance", `{"ServiceId":"srv-x","InstanceId":"i"}`, 400,
			`{"Message":"1 validation error detected: Value null at 'attributes' failed to satisfy constraint: Member must not be null","__type":"InvalidInput"}`},
		{"unknown members", "ListNamespaces", `{"Colour":{"a":[1]}}`, 200, `{"Namespaces":[]}`},
		{"empty document", "ListNamespaces", ``, 200, `{"Namespaces":[]}`},
		{"another type", "GetService", `{"Id":1}`, 400, `{"Message":"NUMBER can not be converted to the type of 'Id'","__type":"SerializationException"}`},
		{"unknown operation", "Guess", `{}`, 404, `{"Message":"No operation of Cloud Map is known by this target: \"Guess\".","__type":"UnknownOperationException"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, header, body := w.send(tt.operation, tt.body)
			if status != tt.status || body != tt.want || header.Get("Content-Type") != "application/x-amz-json-1.1" {
				t.Errorf("%s %s = %d %s, want %d %s", tt.operation, tt.body, status, body, tt.status, tt.want)
			}
			if kind := header.Get("X-Amzn-Errortype"); status != 200 && !strings.Contains(body, `"__type":"`+kind+`"`) {
				t.Errorf("header of the error %q, document %s", kind, body)
			}
		})
	}
}

// FuzzServe sends any document to any operation: the answer is a JSON object
// and never an internal failure, and what was written is valid.
func FuzzServe(f *testing.F) {
	w := newWire(f, Config{Replica: testNode(f)})
	var all []string
	for name := range operations {
		all = append(all, name)
	}
	slices.Sort(all)
	w.must("CreatePublicDnsNamespace", `{"Name":"example.org","CreatorRequestId":"ns"}`)
	ns := model.NewNamespaceID(testAccount, testRegion, "DNS_PUBLIC", "example.org", "", "ns")
	w.must("CreateService", `{"Name":"web","NamespaceId":"`+ns+`","CreatorRequestId":"srv","DnsConfig":{"DnsRecords":[{"Type":"SRV","TTL":10}]},"HealthCheckConfig":{"Type":"HTTP"}}`)
	service := model.NewServiceID(ns, "web", "srv")
	for i := range all {
		f.Add(uint8(i), `{"Id":"`+ns+`","ServiceId":"`+service+`","InstanceId":"i","Name":"a.example.org","Vpc":"vpc-1","NamespaceId":"`+ns+`","OperationId":"a",`+
			`"Status":"HEALTHY","Attributes":{"AWS_INSTANCE_IPV4":"192.0.2.1","AWS_INSTANCE_PORT":"80","EDGESTAGE_LEASE":"9"}}`)
	}
	f.Add(uint8(slices.Index(all, "CreateService")), `{"Name":"b","NamespaceId":"`+ns+`","DnsConfig":{"RoutingPolicy":"WEIGHTED","DnsRecords":[{"Type":"CNAME","TTL":1}]}}`)
	f.Add(uint8(slices.Index(all, "UpdateService")), `{"Id":"`+service+`","Service":{"DnsConfig":{"DnsRecords":[{"Type":"A","TTL":1}]}}}`)
	f.Add(uint8(slices.Index(all, "ListOperations")), `{"Filters":[{"Name":"UPDATE_DATE","Condition":"BETWEEN","Values":["1","1e99"]}],"NextToken":"AAAAAAAAAAA"}`)
	f.Add(uint8(slices.Index(all, "UpdatePublicDnsNamespace")), `{"Id":"`+ns+`","Namespace":{"Properties":{"DnsProperties":{"SOA":{"TTL":1}}}}}`)
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		if len(body) > 1<<16 {
			return
		}
		operation := all[int(which)%len(all)]
		status, _, answer := w.send(operation, body)
		if status >= 500 {
			t.Errorf("%s %q = %d %s", operation, body, status, answer)
		}
		var object map[string]any
		if err := json.Unmarshal([]byte(answer), &object); err != nil {
			t.Errorf("%s %q = %d %q: %v", operation, body, status, answer, err)
		}
	})
}
