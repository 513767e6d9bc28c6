package services

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/model"
)

const (
	account = "111111111111"
	control = "arn:aws:route53-recovery-control::111111111111:controlpanel/0123/routingcontrol/abcd"
)

// newEndpoint returns an endpoint without credentials over a replica that has a
// health check of each type which follows a signal.
func newEndpoint(t *testing.T) (*httptest.Server, *state.Replica) {
	t.Helper()
	r, err := state.Open(state.Options{Core: state.Config{
		Self: state.Member{Run: 1, Node: "self"}, Store: state.NewMemoryStore(), Seed: 1, Now: time.Now(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	_, err = r.Commit(t.Context(), func(tx *state.Tx) error {
		for id, c := range map[string]model.HealthCheckConfig{
			"alarmed":    {Type: "CLOUDWATCH_METRIC", AlarmIdentifier: &model.AlarmIdentifier{Region: "eu-west-3", Name: "api 5xx"}},
			"controlled": {Type: "RECOVERY_CONTROL", RoutingControlArn: control},
			"probed":     {Type: "TCP", IPAddress: "192.0.2.1", Port: 80},
		} {
			if err := tx.Put(&model.HealthCheck{ID: id, Account: account, Version: 1, Config: c, Created: time.Unix(1, 0)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(api.New(api.Config{Replica: r, Services: New(Config{Replica: r})}))
	t.Cleanup(s.Close)
	return s, r
}

// request is one to the endpoint, and what is expected.
type request struct {
	name, method, path string
	scope              string // unsigned where empty
	header             map[string]string
	body               string
	status             int
	want               string // in the answer
}

// send sends a request as another account than the one that has the checks if
// its name begins with "stranger".
func (q request) send(t *testing.T, base string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(q.method, base+q.path, strings.NewReader(q.body))
	if err != nil {
		t.Fatal(err)
	}
	if q.scope != "" {
		key := account
		if strings.HasPrefix(q.name, "stranger") {
			key = "222222222222"
		}
		r.Header.Set("X-Amz-Date", "20260801T120000Z")
		r.Header.Set("Authorization", fmt.Sprintf(
			"AWS4-HMAC-SHA256 Credential=%s/20260801/eu-west-3/%s/aws4_request, SignedHeaders=host, Signature=00", key, q.scope))
	}
	for k, v := range q.header {
		r.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := io.Copy(&b, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, b.String()
}

func (q request) check(t *testing.T, base string) {
	t.Helper()
	if status, body := q.send(t, base); status != q.status || !strings.Contains(body, q.want) {
		t.Errorf("%s %s %s answers %d %q, want %d with %q", q.method, q.path, q.body, status, body, q.status, q.want)
	}
}

// row returns a row as text, "" where there is none.
func row(t *testing.T, r *state.Replica, table, key string) string {
	t.Helper()
	out := ""
	err := r.View(func(rd *state.Reader) error {
		switch v, _ := rd.Get(table, key); v := v.(type) {
		case *model.HealthSignal:
			out = v.State + " " + v.By
		case *model.HealthForce:
			out = v.State + " " + v.By
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func form(kv ...string) string {
	return "Action=SetAlarmState&Version=2010-08-01&" + strings.Join(kv, "&")
}

func toCBOR(t *testing.T, v any) string {
	t.Helper()
	b, err := cbor.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestSetAlarmState sets the signal of aws-behaviour 4.4's CLOUDWATCH_METRIC
// checks by each protocol that clients speak.
func TestSetAlarmState(t *testing.T) {
	s, r := newEndpoint(t)
	formHeader := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	jsonHeader := map[string]string{"X-Amz-Target": "GraniteServiceVersion20100801.SetAlarmState"}
	const rpc = "/service/GraniteServiceVersion20100801/operation/SetAlarmState"
	for _, q := range []request{
		{"query", "POST", "/", "monitoring", formHeader, form("AlarmName=api+5xx", "StateValue=ALARM", "StateReason=drill"), 200, "<SetAlarmStateResponse xmlns="},
		{"query, no reason", "POST", "/", "monitoring", formHeader, form("AlarmName=api+5xx", "StateValue=ALARM"), 400, "<Code>ValidationError</Code><Message>1 validation error detected: Value null at &#39;stateReason&#39;"},
		{"query, unheard state", "POST", "/", "monitoring", formHeader, form("AlarmName=api+5xx", "StateValue=BAD", "StateReason="), 400, "Member must satisfy enum value set: [OK, ALARM, INSUFFICIENT_DATA]"},
		{"query, nobody follows", "POST", "/", "monitoring", formHeader, form("AlarmName=typo", "StateValue=OK", "StateReason="), 404, "follows an alarm named &#34;typo&#34; in eu-west-3"},
		{"stranger", "POST", "/", "monitoring", formHeader, form("AlarmName=api+5xx", "StateValue=OK", "StateReason="), 404, "<Code>ResourceNotFound</Code>"},
		{"query, other operation", "POST", "/", "monitoring", formHeader, "Action=PutMetricData", 400, "<Code>InvalidAction</Code>"},
		{"json", "POST", "/", "monitoring", jsonHeader, `{"AlarmName":"api 5xx","StateValue":"OK","StateReason":"over"}`, 200, "{}"},
		{"json, broken", "POST", "/", "monitoring", jsonHeader, `{"AlarmName":1}`, 400, `"__type":"SerializationException"`},
		{"cbor", "POST", rpc, "monitoring", nil, toCBOR(t, map[string]string{"AlarmName": "api 5xx", "StateValue": "INSUFFICIENT_DATA", "StateReason": "x"}), 200, "\xa0"},
		{"cbor, broken", "POST", rpc, "monitoring", nil, "\xff", 400, "SerializationException"},
	} {
		t.Run(q.name, func(t *testing.T) { q.check(t, s.URL) })
	}
	if got, want := row(t, r, model.TableHealthSignals, model.HealthSignalKey(account, "alarm/eu-west-3/api 5xx")), "INSUFFICIENT_DATA account 111111111111: x"; got != want {
		t.Errorf("the signal is %q, want %q", got, want)
	}
}

func TestRoutingControls(t *testing.T) {
	s, r := newEndpoint(t)
	target := func(op string) map[string]string { return map[string]string{"X-Amz-Target": "ToggleCustomerAPI." + op} }
	const scope = "route53-recovery-cluster"
	for _, q := range []request{
		{"nobody has set it", "POST", "/", scope, target("GetRoutingControlState"), `{"RoutingControlArn":"` + control + `"}`, 200, `"RoutingControlState":"Off","RoutingControlName":"abcd"`},
		{"on", "POST", "/", scope, target("UpdateRoutingControlState"), `{"RoutingControlArn":"` + control + `","RoutingControlState":"On"}`, 200, "{}"},
		{"read", "POST", "/", scope, target("GetRoutingControlState"), `{"RoutingControlArn":"` + control + `"}`, 200, `"RoutingControlState":"On"`},
		{"all or none", "POST", "/", scope, target("UpdateRoutingControlStates"), `{"UpdateRoutingControlStateEntries":[{"RoutingControlArn":"` + control + `","RoutingControlState":"Off"},{"RoutingControlArn":"arn:typo","RoutingControlState":"Off"}]}`, 400, `"__type":"ResourceNotFoundException"`},
		{"list", "POST", "/", scope, target("ListRoutingControls"), `{"MaxResults":1}`, 200, `{"RoutingControls":[{"RoutingControlArn":"` + control + `","RoutingControlState":"On","RoutingControlName":"abcd"}]}`},
		{"list after the last", "POST", "/", scope, target("ListRoutingControls"), `{"NextToken":"` + control + `"}`, 200, `{"RoutingControls":[]}`},
		{"unheard state", "POST", "/", scope, target("UpdateRoutingControlState"), `{"RoutingControlArn":"x","RoutingControlState":"on"}`, 400, `"__type":"ValidationException"`},
		{"stranger", "POST", "/", scope, target("GetRoutingControlState"), `{"RoutingControlArn":"` + control + `"}`, 400, `"__type":"ResourceNotFoundException"`},
		{"unknown", "POST", "/", scope, target("Other"), `{}`, 404, `"__type":"UnknownOperationException"`},
	} {
		t.Run(q.name, func(t *testing.T) { q.check(t, s.URL) })
	}
	if got, want := row(t, r, model.TableHealthSignals, model.HealthSignalKey(account, control)), "On account 111111111111"; got != want {
		t.Errorf("the signal is %q, want %q", got, want)
	}
}

func TestOperatorForces(t *testing.T) {
	s, r := newEndpoint(t)
	const path = "/_sim/healthcheck/probed/force"
	for _, q := range []request{
		{"nothing yet", "GET", path, "edgestage", nil, "", 400, "Nothing is forced on health check probed."},
		{"force", "PUT", path, "edgestage", nil, `{"State":"unhealthy"}`, 200, "{}"},
		{"show", "GET", path, "edgestage", nil, "", 200, `{"HealthCheckId":"probed","State":"unhealthy","By":"account 111111111111","At":`},
		{"stranger", "DELETE", path, "edgestage", nil, "", 404, "A health check with id probed does not exist."},
		{"unsigned is another account", "DELETE", path, "", nil, "", 404, "NoSuchHealthCheck"},
		{"no state", "PUT", path, "edgestage", nil, "", 400, "Value null at 'state'"},
		{"unheard state", "PUT", path, "edgestage", nil, `{"State":"ill"}`, 400, `is none of [\"healthy\" \"unhealthy\"]`},
		{"other method", "PATCH", path, "edgestage", nil, "", 404, "There is no PATCH here"},
		{"other path", "PUT", "/_sim/healthcheck/probed", "edgestage", nil, "", 404, "There is no such path here"},
		{"from a web page", "PUT", path, "", map[string]string{"Origin": "http://a.test"}, `{"State":"healthy"}`, 403, "AccessDenied"},
		{"alarm", "PUT", "/_sim/alarm/api%205xx/state", "edgestage", nil, `{"State":"ALARM"}`, 200, "ALARM"},
		{"alarm elsewhere", "PUT", "/_sim/alarm/api%205xx/state?region=us-east-1", "edgestage", nil, `{"State":"ALARM"}`, 400, "alarm/us-east-1/api 5xx"},
		{"routing control", "PUT", "/_sim/routingcontrol/" + control, "edgestage", nil, `{"State":"Off"}`, 200, "Off"},
	} {
		t.Run(q.name, func(t *testing.T) { q.check(t, s.URL) })
	}
	if got, want := row(t, r, model.TableHealthForces, "probed"), "unhealthy account 111111111111"; got != want {
		t.Errorf("the force is %q, want %q", got, want)
	}
	request{"lift", "DELETE", path, "edgestage", nil, "", 200, "{}"}.check(t, s.URL)
	if got := row(t, r, model.TableHealthForces, "probed"); got != "" {
		t.Errorf("after DELETE the force is %q, want none", got)
	}
}

// FuzzSignals checks that no body or path makes one of these services fail
// inside, or write what does not validate.
func FuzzSignals(f *testing.F) {
	f.Add("/", "monitoring", form("AlarmName=a", "StateValue=OK", "StateReason="))
	f.Add("/service/GraniteServiceVersion20100801/operation/SetAlarmState", "monitoring", "\xa1\x61a\x61b")
	f.Add("/_sim/alarm/%2e/state", "edgestage", `{"State":"OK"}`)
	f.Add("/", "route53-recovery-cluster", `{}`)
	r, err := state.Open(state.Options{Core: state.Config{
		Self: state.Member{Run: 1, Node: "self"}, Store: state.NewMemoryStore(), Seed: 1, Now: time.Now(),
	}})
	if err != nil {
		f.Fatal(err)
	}
	h := api.New(api.Config{Replica: r, Services: New(Config{Replica: r})})
	f.Fuzz(func(t *testing.T, path, scope, body string) {
		req := httptest.NewRequest("PUT", "/", strings.NewReader(body))
		if u, err := req.URL.Parse(path); err == nil {
			req.URL = u
		}
		req.Header.Set("X-Amz-Date", "20260801T120000Z")
		req.Header.Set("X-Amz-Target", "ToggleCustomerAPI.UpdateRoutingControlState")
		req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=111111111111/20260801/eu-west-3/"+scope+"/aws4_request, SignedHeaders=host, Signature=00")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		if w.Code >= 500 {
			t.Errorf("%q %q %q answers %d %s", path, scope, body, w.Code, w.Body)
		}
	})
}
