package route53

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/edgestage/edgestage/state/model"
)

func (e *endpoint) healthCheck(ref string, c *types.HealthCheckConfig) (*types.HealthCheck, error) {
	out, err := e.CreateHealthCheck(ctx, &route53.CreateHealthCheckInput{CallerReference: &ref, HealthCheckConfig: c})
	if err != nil {
		return nil, err
	}
	return out.HealthCheck, nil
}

func httpCheck() *types.HealthCheckConfig {
	return &types.HealthCheckConfig{Type: "HTTP", IPAddress: aws.String("192.0.2.1"), ResourcePath: aws.String("ok")}
}

func TestCreateHealthCheck(t *testing.T) {
	e := serve(t, nil)
	h, err := e.healthCheck("a", httpCheck())
	if err != nil {
		t.Fatal(err)
	}
	c := h.HealthCheckConfig
	if *c.Port != 80 || *c.RequestInterval != 30 || *c.FailureThreshold != 3 || *c.ResourcePath != "/ok" || *c.EnableSNI || *c.Inverted || *c.Disabled || *c.MeasureLatency || *h.HealthCheckVersion != 1 {
		t.Errorf("health check %s, want AWS's defaults", *h.Id)
	}
	again, err := e.healthCheck("a", httpCheck())
	if err != nil || *again.Id != *h.Id {
		t.Errorf("the same again = %v, %v, want %s", again, err, *h.Id)
	}
	other := httpCheck()
	other.Port = aws.Int32(81)
	_, err = e.healthCheck("a", other)
	wantError(t, err, 409, "HealthCheckAlreadyExists", "The health check you're attempting to create already exists.")
	if _, err := e.DeleteHealthCheck(ctx, &route53.DeleteHealthCheckInput{HealthCheckId: h.Id}); err != nil {
		t.Fatal(err)
	}
	_, err = e.healthCheck("a", httpCheck())
	wantError(t, err, 409, "HealthCheckAlreadyExists", "The health check you're attempting to create already exists.")
	_, err = e.GetHealthCheck(ctx, &route53.GetHealthCheckInput{HealthCheckId: h.Id})
	wantError(t, err, 404, "NoSuchHealthCheck", "A health check with id "+*h.Id+" does not exist.")
	_, err = e.as(otherAccount).DeleteHealthCheck(ctx, &route53.DeleteHealthCheckInput{HealthCheckId: h.Id})
	wantError(t, err, 404, "NoSuchHealthCheck", "A health check with id "+*h.Id+" does not exist.")
}

// TestHealthCheckErrors provokes each row of aws-behaviour 4.2.
func TestHealthCheckErrors(t *testing.T) {
	e := serve(t, func(c *Config) { c.RefuseReserved, c.Quotas.HealthChecks = true, 2 })
	child, err := e.healthCheck("child", &types.HealthCheckConfig{Type: "HTTPS", FullyQualifiedDomainName: aws.String("example.org")})
	if err != nil {
		t.Fatal(err)
	}
	calculated, err := e.healthCheck("calculated", &types.HealthCheckConfig{Type: "CALCULATED", HealthThreshold: aws.Int32(1), ChildHealthChecks: []string{*child.Id}})
	if err != nil {
		t.Fatal(err)
	}
	ip, fqdn := aws.String("8.8.8.8"), aws.String("example.org")
	alarm := &types.AlarmIdentifier{Name: aws.String("a"), Region: "us-east-1"}
	tests := []struct {
		name   string
		config types.HealthCheckConfig
		code   string
		want   string
	}{
		{"interval", types.HealthCheckConfig{Type: "HTTP", IPAddress: ip, RequestInterval: aws.Int32(20)}, "InvalidInput", "Invalid XML ; …cvc-enumeration-valid: Value '20' is not facet-valid with respect to enumeration '[10, 30]'. It must be a value from the enumeration."},
		{"type", types.HealthCheckConfig{Type: "HTTP2", IPAddress: ip}, "InvalidInput", "Invalid XML ; …cvc-pattern-valid: Value 'HTTP2' is not facet-valid with respect to pattern '[Hh][Tt][Tt][Pp]|"},
		{"no endpoint", types.HealthCheckConfig{Type: "HTTP"}, "InvalidInput", "Invalid parameter : IP address and fully qualified domain name can not be both empty."},
		{"private address", types.HealthCheckConfig{Type: "HTTP", IPAddress: aws.String("10.0.0.1")}, "InvalidInput", "IPv4 address 10.0.0.1 is forbidden."},
		{"documentation", types.HealthCheckConfig{Type: "HTTP", IPAddress: aws.String("203.0.113.1")}, "InvalidInput", "IPv4 address 203.0.113.1 is forbidden."},
		{"multicast", types.HealthCheckConfig{Type: "HTTP", IPAddress: aws.String("ff02::1")}, "InvalidInput", "IPv6 address ff02::1 is forbidden."},
		{"no address", types.HealthCheckConfig{Type: "HTTP", IPAddress: aws.String("x")}, "InvalidInput", "Invalid parameter : IP address x is not valid."},
		{"TCP with both", types.HealthCheckConfig{Type: "TCP", IPAddress: ip, FullyQualifiedDomainName: fqdn, Port: aws.Int32(1)}, "InvalidInput", "TCP health checks that have IP address must not have a fully qualified domain name specified."},
		{"TCP with path", types.HealthCheckConfig{Type: "TCP", IPAddress: ip, ResourcePath: aws.String("/"), Port: aws.Int32(1)}, "InvalidInput", "TCP health checks must not have a resource path specified."},
		{"TCP without port", types.HealthCheckConfig{Type: "TCP", IPAddress: ip}, "InvalidInput", "TCP health checks must have a port specified."},
		{"no search string", types.HealthCheckConfig{Type: "HTTP_STR_MATCH", IPAddress: ip}, "InvalidInput", "String match health checks must have a search string specified."},
		{"search string", types.HealthCheckConfig{Type: "HTTP", IPAddress: ip, SearchString: aws.String("a")}, "InvalidInput", "HTTP health checks must not have a search string specified."},
		{"SNI", types.HealthCheckConfig{Type: "HTTP", IPAddress: ip, EnableSNI: aws.Bool(true)}, "InvalidInput", "Invalid parameter : Health checks with HTTP type must not enable SNI support."},
		{"calculated with address", types.HealthCheckConfig{Type: "CALCULATED", IPAddress: ip}, "InvalidInput", "Invalid parameter : Calculated health checks must not have an IP address specified."},
		{"calculated with port", types.HealthCheckConfig{Type: "CALCULATED", Port: aws.Int32(1)}, "InvalidInput", "Invalid parameter : Calculated health checks must not have a port specified."},
		{"calculated with Regions", types.HealthCheckConfig{Type: "CALCULATED", Regions: []types.HealthCheckRegion{"us-east-1", "us-west-1", "eu-west-1"}}, "InvalidInput", "Invalid parameter : Calculated health checks must not have regions specified."},
		{"threshold of another", types.HealthCheckConfig{Type: "HTTP", IPAddress: ip, HealthThreshold: aws.Int32(1)}, "InvalidInput", "Invalid parameter : Only calculated health checks can have a health threshold specified."},
		{"children of another", types.HealthCheckConfig{Type: "HTTP", IPAddress: ip, ChildHealthChecks: []string{"a"}}, "InvalidInput", "Invalid parameter : Only calculated health checks can have child health checks specified."},
		{"unknown child", types.HealthCheckConfig{Type: "CALCULATED", ChildHealthChecks: []string{"a"}}, "InvalidInput", "Invalid parameter : Child health check IDs do not exist or are deleted: a"},
		{"calculated child", types.HealthCheckConfig{Type: "CALCULATED", ChildHealthChecks: []string{*calculated.Id}}, "InvalidInput", "Invalid parameter : Child health check IDs do not exist or are deleted: " + *calculated.Id},
		{"alarm of another", types.HealthCheckConfig{Type: "HTTP", IPAddress: ip, AlarmIdentifier: alarm}, "InvalidInput", "Invalid parameter : Basic health checks must not have an metric region specified."},
		{"insufficient data of another", types.HealthCheckConfig{Type: "HTTP", IPAddress: ip, InsufficientDataHealthStatus: "Healthy"}, "InvalidInput", "Invalid parameter : Basic health checks must not have an insufficient data health state specified."},
		{"no alarm", types.HealthCheckConfig{Type: "CLOUDWATCH_METRIC"}, "InvalidInput", "Alarm identifier must not be null."},
		{"two Regions", types.HealthCheckConfig{Type: "HTTP", IPAddress: ip, Regions: []types.HealthCheckRegion{"us-east-1", "us-west-1"}}, "InvalidInput", "1 validation error detected: …Member must have length greater than or equal to 3"},
		{"quota", types.HealthCheckConfig{Type: "HTTP", IPAddress: ip}, "TooManyHealthChecks", "This health check can't be created because…"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := e.healthCheck(tt.name, &tt.config)
			begin, end, cut := strings.Cut(tt.want, "…")
			if cut && end != "" {
				if err == nil || !strings.Contains(err.Error(), begin) || !strings.Contains(err.Error(), end) {
					t.Errorf("error %v, want %q", err, tt.want)
				}
				return
			}
			wantError(t, err, 400, tt.code, tt.want)
		})
	}
}

func TestUpdateHealthCheck(t *testing.T) {
	e := serve(t, nil)
	config := httpCheck()
	config.FullyQualifiedDomainName = aws.String("example.org")
	h, err := e.healthCheck("a", config)
	if err != nil {
		t.Fatal(err)
	}
	out, err := e.UpdateHealthCheck(ctx, &route53.UpdateHealthCheckInput{
		HealthCheckId: h.Id, HealthCheckVersion: aws.Int64(1), Port: aws.Int32(8080), Inverted: aws.Bool(true),
		ResetElements: []types.ResettableElementName{"FullyQualifiedDomainName", "ResourcePath"},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := out.HealthCheck.HealthCheckConfig
	if *out.HealthCheck.HealthCheckVersion != 2 || *c.Port != 8080 || !*c.Inverted || c.FullyQualifiedDomainName != nil || c.ResourcePath != nil || *c.IPAddress != "192.0.2.1" {
		t.Errorf("updated %+v, want the changes and the rest", c)
	}
	_, err = e.UpdateHealthCheck(ctx, &route53.UpdateHealthCheckInput{HealthCheckId: h.Id, HealthCheckVersion: aws.Int64(1)})
	wantError(t, err, 409, "HealthCheckVersionMismatch", "The value of HealthCheckVersion in the request doesn't match the value of HealthCheckVersion in the health check.")
	_, err = e.UpdateHealthCheck(ctx, &route53.UpdateHealthCheckInput{HealthCheckId: h.Id, IPAddress: aws.String("")})
	wantError(t, err, 400, "InvalidInput", "Invalid parameter : The IP address of a health check can be changed, but neither added nor removed.")
	_, err = e.UpdateHealthCheck(ctx, &route53.UpdateHealthCheckInput{HealthCheckId: h.Id, SearchString: aws.String("x")})
	wantError(t, err, 400, "InvalidInput", "HTTP health checks must not have a search string specified.")
}

func TestListHealthChecks(t *testing.T) {
	e := serve(t, nil)
	for _, ref := range []string{"a", "b", "c"} {
		if _, err := e.healthCheck(ref, httpCheck()); err != nil {
			t.Fatal(err)
		}
	}
	pages := route53.NewListHealthChecksPaginator(e, &route53.ListHealthChecksInput{MaxItems: aws.Int32(2)})
	n := 0
	for pages.HasMorePages() {
		p, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		n += len(p.HealthChecks)
	}
	count, err := e.GetHealthCheckCount(ctx, &route53.GetHealthCheckCountInput{})
	if err != nil || n != 3 || *count.HealthCheckCount != 3 {
		t.Errorf("listed %d, counted %v, %v, want 3", n, count, err)
	}
}

// seen is what checkers see in tests.
type seen struct{}

func (seen) Observations(*model.HealthCheck) []Observation {
	at := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	return []Observation{
		{Region: "eu-west-1", Address: netip.MustParseAddr("192.0.2.7"), Status: "Success: HTTP Status Code 200, OK", Checked: at},
		{Region: "us-east-1", Address: netip.MustParseAddr("192.0.2.8"), Status: "Success: HTTP Status Code 200, OK", Checked: at, Failure: "Failure: Connection timed out.", FailedAt: at},
	}
}

func TestHealthCheckStatus(t *testing.T) {
	e := serve(t, func(c *Config) { c.Health = seen{} })
	h, err := e.healthCheck("a", httpCheck())
	if err != nil {
		t.Fatal(err)
	}
	out, err := e.GetHealthCheckStatus(ctx, &route53.GetHealthCheckStatusInput{HealthCheckId: h.Id})
	if err != nil || len(out.HealthCheckObservations) != 2 || *out.HealthCheckObservations[0].StatusReport.Status != "Success: HTTP Status Code 200, OK" ||
		*out.HealthCheckObservations[0].IPAddress != "192.0.2.7" {
		t.Errorf("GetHealthCheckStatus = %+v, %v, want two", out, err)
	}
	last, err := e.GetHealthCheckLastFailureReason(ctx, &route53.GetHealthCheckLastFailureReasonInput{HealthCheckId: h.Id})
	if err != nil || len(last.HealthCheckObservations) != 1 || *last.HealthCheckObservations[0].StatusReport.Status != "Failure: Connection timed out." {
		t.Errorf("GetHealthCheckLastFailureReason = %+v, %v, want one", last, err)
	}
	calculated, err := e.healthCheck("c", &types.HealthCheckConfig{Type: "CALCULATED"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.GetHealthCheckStatus(ctx, &route53.GetHealthCheckStatusInput{HealthCheckId: calculated.Id})
	wantError(t, err, 400, "InvalidInput", "The status of health checks of the type CALCULATED cannot be read.")
	unjudged := serve(t, nil)
	h, err = unjudged.healthCheck("a", httpCheck())
	if err != nil {
		t.Fatal(err)
	}
	out, err = unjudged.GetHealthCheckStatus(ctx, &route53.GetHealthCheckStatusInput{HealthCheckId: h.Id})
	if err != nil || len(out.HealthCheckObservations) != 0 {
		t.Errorf("before anybody has judged: %+v, %v, want nothing", out, err)
	}
}
