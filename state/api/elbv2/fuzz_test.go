package elbv2

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/model"
)

// FuzzRequests checks that no form makes the service fail inside.
func FuzzRequests(f *testing.F) {
	r, err := state.Open(state.Options{Core: state.Config{
		Self: state.Member{Run: 1, Node: "self"}, Store: state.NewMemoryStore(), Seed: 1, Now: time.Now(),
	}})
	if err != nil {
		f.Fatal(err)
	}
	web := model.NewLoadBalancer(account, "web-1.eu-west-3.elb.amazonaws.com", "edge-1")
	if _, err := r.Commit(f.Context(), func(t *state.Tx) error { return t.Put(web) }); err != nil {
		f.Fatal(err)
	}
	for action := range operations {
		f.Add("Action=" + action + "&Version=2015-12-01&ListenerArn=" + web.ListenerARN() + "&LoadBalancerArn=" + web.ARN +
			"&ResourceArns.member.1=" + web.ARN + "&Certificates.member.1.CertificateArn=arn:aws:acm:eu-west-3:111111111111:certificate/x&Marker=&PageSize=1")
	}
	h := api.New(api.Config{Replica: r, Services: []api.Service{New(Config{Replica: r})}})
	f.Fuzz(func(t *testing.T, form string) {
		req := httptest.NewRequest("POST", "/", strings.NewReader(form))
		req.Header.Set("X-Amz-Date", "20260801T120000Z")
		req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+account+"/20260801/"+region+"/elasticloadbalancing/aws4_request, SignedHeaders=host, Signature=00")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		if w.Code >= 500 {
			t.Errorf("%q answers %d %s", form, w.Code, w.Body)
		}
	})
}
