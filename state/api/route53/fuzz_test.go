package route53

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/model"
)

// FuzzServe sends any method, path, query and document: the answer is
// well-formed XML and never an internal failure.
func FuzzServe(f *testing.F) {
	r := testNode(f)
	s := New(Config{Replica: r})
	h := api.New(api.Config{Replica: r, Services: []api.Service{s}})
	root := func(name, body string) string {
		return "<" + name + ` xmlns="` + Namespace + `">` + body + "</" + name + ">"
	}
	change := root("ChangeResourceRecordSetsRequest", `<ChangeBatch><Changes><Change><Action>UPSERT</Action><ResourceRecordSet><Name>a.example.org</Name><Type>TXT</Type><SetIdentifier>a</SetIdentifier><Weight>1</Weight><TTL>1</TTL><ResourceRecords><ResourceRecord><Value>"a"</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change></Changes></ChangeBatch>`)
	made := root("CreateHostedZoneRequest", `<Name>example.org</Name><CallerReference>fuzz</CallerReference>`)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, fuzzRequest("POST", "/2013-04-01/hostedzone", made))
	id := w.Body.String()
	id = id[strings.Index(id, "/hostedzone/Z")+len("/hostedzone/"):]
	id = id[:strings.Index(id, "<")]
	f.Add("POST", "hostedzone", "", made)
	f.Add("POST", "hostedzone/"+id+"/rrset/", "", change)
	f.Add("GET", "hostedzone/"+id+"/rrset", "name=a&type=A&maxitems=1", "")
	f.Add("GET", "change/CAAAAAAAAAAAAAAAAAAAAAAAAAA", "", "")
	f.Add("POST", "healthcheck", "", root("CreateHealthCheckRequest", `<CallerReference>a</CallerReference><HealthCheckConfig><Type>TCP</Type><IPAddress>192.0.2.1</IPAddress><Port>1</Port></HealthCheckConfig>`))
	f.Add("POST", "cidrcollection", "", root("CreateCidrCollectionRequest", `<Name>a</Name><CallerReference>a</CallerReference>`))
	f.Add("POST", "tags/hostedzone/"+id, "", root("ChangeTagsForResourceRequest", `<AddTags><Tag><Key>a</Key><Value>b</Value></Tag></AddTags>`))
	f.Add("POST", "trafficpolicy", "", root("CreateTrafficPolicyRequest", `<Name>p</Name><Document>{"AWSPolicyFormatVersion":"2015-10-01","RecordType":"A","StartEndpoint":"e","Endpoints":{"e":{"Type":"value","Value":"192.0.2.1"}}}</Document>`))
	f.Add("POST", "trafficpolicyinstance", "", root("CreateTrafficPolicyInstanceRequest", `<HostedZoneId>`+id+`</HostedZoneId><Name>p.example.org</Name><TTL>1</TTL><TrafficPolicyId>`+model.NewUUID("traffic policy", testAccount, "p")+`</TrafficPolicyId><TrafficPolicyVersion>1</TrafficPolicyVersion>`))
	f.Add("GET", "trafficpolicyinstances/hostedzone", "id="+id+"&trafficpolicyinstancename=a&trafficpolicyinstancetype=A&maxitems=1", "")
	f.Add("GET", "testdnsanswer", "hostedzoneid="+id+"&recordname=a&recordtype=A", "")
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		if strings.ContainsAny(method, " \t\r\n") || len(body) > 1<<16 {
			return
		}
		req := fuzzRequest("POST", "/2013-04-01/", body)
		req.Method, req.URL.Path, req.URL.RawPath, req.URL.RawQuery = method, "/2013-04-01/"+path, "", query
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		if w.Code == 500 {
			t.Errorf("%s %s?%s %q = 500 %s", method, path, query, body, w.Body)
		}
		if err := xml.Unmarshal(w.Body.Bytes(), new(struct{})); err != nil {
			t.Errorf("%s %s?%s %q = %d %q: %v", method, path, query, body, w.Code, w.Body, err)
		}
	})
}

func fuzzRequest(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("X-Amz-Date", "20260801T120000Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+testAccount+"/20260801/us-east-1/route53/aws4_request, SignedHeaders=host, Signature=0")
	return r
}
