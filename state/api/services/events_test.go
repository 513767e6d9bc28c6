package services

import (
	"testing"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// TestOperatorReadsEvents: what happened to the account's health checks and
// certificates, the newest first (aws-behaviour 4.6, 7.6).
func TestOperatorReadsEvents(t *testing.T) {
	s, r := newEndpoint(t)
	request{"nothing yet", "GET", "/_sim/events", "edgestage", nil, "", 200, `{"Events":[]}`}.check(t, s.URL)
	arn := model.NewCertificateARN("eu-west-3", account, "one")
	strangers := model.NewCertificateARN("eu-west-3", "222222222222", "one")
	if _, err := r.Commit(t.Context(), func(tx *state.Tx) error {
		for _, v := range []model.Value{
			&model.HealthEvent{HealthCheckID: "probed", Account: account, State: model.Unhealthy, Reason: "refused", Node: "dns-1", At: 2000},
			&model.HealthEvent{HealthCheckID: "probed", Account: account, State: model.Healthy, Forced: true, Node: "dns-1", At: 4000},
			&model.HealthEvent{HealthCheckID: "other", Account: "222222222222", State: model.Healthy, Node: "dns-2", At: 5000},
			&model.CertificateEvent{ARN: arn, Kind: "issued", Text: "valid until then", Node: "edge-1", At: 3000},
			&model.CertificateEvent{ARN: strangers, Kind: "expired", Node: "edge-1", At: 6000},
		} {
			if err := tx.Put(v); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	const (
		forced  = `{"Time":4,"Kind":"healthcheck","Event":"healthy","Resource":"probed","Forced":true,"Node":"dns-1"}`
		refused = `{"Time":2,"Kind":"healthcheck","Event":"unhealthy","Resource":"probed","Reason":"refused","Node":"dns-1"}`
	)
	issued := `{"Time":3,"Kind":"certificate","Event":"issued","Resource":"` + arn + `","Reason":"valid until then","Node":"edge-1"}`
	for _, q := range []request{
		{"all", "GET", "/_sim/events", "edgestage", nil, "", 200, `{"Events":[` + forced + "," + issued + "," + refused + `]}`},
		{"the newest", "GET", "/_sim/events?max=1", "edgestage", nil, "", 200, `{"Events":[` + forced + `]}`},
		{"of health checks", "GET", "/_sim/events?kind=healthcheck", "edgestage", nil, "", 200, `{"Events":[` + forced + "," + refused + `]}`},
		{"of certificates", "GET", "/_sim/events?kind=certificate&max=9", "edgestage", nil, "", 200, `{"Events":[` + issued + `]}`},
		{"stranger", "GET", "/_sim/events?kind=certificate", "edgestage", nil, "", 200, `{"Events":[{"Time":6,"Kind":"certificate","Event":"expired","Resource":"` + strangers + `","Node":"edge-1"}]}`},
		{"too many", "GET", "/_sim/events?max=1001", "edgestage", nil, "", 400, `max \"1001\" is no number in [1, 1000]`},
		{"none", "GET", "/_sim/events?max=0", "edgestage", nil, "", 400, `max \"0\" is no number`},
		{"unheard kind", "GET", "/_sim/events?kind=zone", "edgestage", nil, "", 400, `kind \"zone\" is none of [\"healthcheck\" \"certificate\"]`},
		{"other method", "PUT", "/_sim/events", "edgestage", nil, "{}", 404, "There is no PUT here"},
		{"below", "GET", "/_sim/events/1", "edgestage", nil, "", 404, "There is no such path here"},
	} {
		t.Run(q.name, func(t *testing.T) { q.check(t, s.URL) })
	}
}
