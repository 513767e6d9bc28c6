// Package accesslog writes Caddy's access log as Elastic Load Balancing writes
// an Application Load Balancer's: the log encoder `alb`. It also holds the
// names of the fields that the edge adds to access log entries, so that those
// who set them and the encoder agree.
//
// It stands on Caddy alone and is imported by the handlers of the edge. An
// encoder is used by one goroutine at a time, as zap does it.
package accesslog

import (
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// The fields of an access log entry that the edge sets, named as in the
// documentation of AWS's access log. [Encoder] derives what is not set.
const (
	// FieldDomainName is the server name of the handshake, a string; `-` if
	// there was none, or if no certificate matched it.
	FieldDomainName = "domain_name"
	// FieldChosenCert is the ARN of the certificate that was presented, or its
	// fingerprint; `session-reused` if none was.
	FieldChosenCert = "chosen_cert_arn"
	// FieldELB is the id of the load balancer, such as
	// app/web/50dc6c495c0c9188.
	FieldELB = "elb"
	// FieldConnection is the id of the connection, such as
	// TID_1234abcd5678ef901234abcd5678ef90.
	FieldConnection = "conn_trace_id"
	// FieldTraceID is the value of X-Amzn-Trace-Id that the target gets.
	FieldTraceID = "trace_id"
	// FieldTarget is the address of the origin, host:port.
	FieldTarget = "target"
	// FieldTargetStatus is the status code of the origin's response, an int.
	FieldTargetStatus = "target_status_code"
	// FieldTargetTime is how long the origin took to begin its response, a
	// duration.
	FieldTargetTime = "target_processing_time"
	// FieldProxyTime is how long the request was with the origin in all, a
	// duration.
	FieldProxyTime = "proxy_time"
	// FieldActions says what was done: forward, redirect, fixed-response...
	FieldActions = "actions_executed"
	// FieldErrorReason is why the edge itself refused.
	FieldErrorReason = "error_reason"
)

// followed is the variable of a request whose entry was prepared.
const followed = "edgeguard.accesslog"

// Follow has the access log entry of r tell which origin answered, and when.
// Each handler of the edge calls it before those behind it; it does so once for
// a request, and nothing is looked up unless an entry is written.
func Follow(r *http.Request) {
	ctx := r.Context()
	extra, ok := ctx.Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields)
	if !ok || caddyhttp.GetVar(ctx, followed) != nil {
		return
	}
	repl, ok := ctx.Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	if !ok {
		return
	}
	caddyhttp.SetVar(ctx, followed, true)
	extra.Add(zap.Inline(origin{repl}))
}

// origin is what reverse_proxy has left in the placeholders of a request.
type origin struct{ *caddy.Replacer }

// MarshalLogObject implements [zapcore.ObjectMarshaler]. Requests without an
// origin have none of its fields.
func (o origin) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	target, ok := o.GetString("http.reverse_proxy.upstream.hostport")
	if !ok {
		return nil
	}
	enc.AddString(FieldTarget, target)
	if v, ok := o.Get("http.reverse_proxy.status_code"); ok {
		if status, ok := v.(int); ok {
			enc.AddInt(FieldTargetStatus, status)
		}
	}
	o.addDuration(enc, FieldTargetTime, "http.reverse_proxy.upstream.latency")
	o.addDuration(enc, FieldProxyTime, "http.reverse_proxy.duration")
	return nil
}

// addDuration adds a field that a placeholder holds.
func (o origin) addDuration(enc zapcore.ObjectEncoder, field, placeholder string) {
	if v, ok := o.Get(placeholder); ok {
		if d, ok := v.(time.Duration); ok {
			enc.AddDuration(field, d)
		}
	}
}
