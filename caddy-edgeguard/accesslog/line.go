package accesslog

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap/buffer"
)

// line is one line of the access log while it is written.
type line struct {
	*buffer.Buffer
	elb    string
	at     time.Time // the end of the response
	fields object
}

// object are the fields of an entry, or of an object in it, as zap's map
// encoder leaves them.
type object map[string]any

func (o object) object(name string) object {
	v, _ := o[name].(map[string]any)
	return v
}

func (o object) string(name string) string {
	v, _ := o[name].(string)
	return v
}

func (o object) duration(name string) (time.Duration, bool) {
	v, ok := o[name].(time.Duration)
	return v, ok
}

// int returns a number, 0 if there is none.
func (o object) int(name string) int {
	switch v := o[name].(type) {
	case int:
		return v
	case int64:
		return int(v)
	case uint16:
		return int(v)
	}
	return 0
}

// header returns the first value of a header.
func (o object) header(name string) string {
	if values, _ := o[name].([]any); len(values) > 0 {
		v, _ := values[0].(string)
		return v
	}
	return ""
}

// write writes the fields in AWS's order (aws-behaviour 8.4).
func (l *line) write() {
	request := l.fields.object("request")
	headers, tlsState := request.object("headers"), request.object("tls")
	duration, _ := l.fields.duration("duration")
	status := l.fields.int("status")
	if status == 0 {
		status = 200 // what a client gets where no handler wrote
	}
	target, targetStatus := address(l.fields.string(FieldTarget)), "-"
	if s := l.fields.int(FieldTargetStatus); s != 0 {
		targetStatus = strconv.Itoa(s)
	}
	action := l.action(status, target)
	redirect := "-"
	if action == "redirect" {
		redirect = l.fields.object("resp_headers").header("Location")
	}
	l.bare(kind(request))
	l.bare(timestamp(l.at))
	l.bare(first(l.elb, l.fields.string(FieldELB)))
	l.bare(client(request))
	l.bare(target)
	l.times(duration, target)
	l.bare(strconv.Itoa(status))
	l.bare(targetStatus)
	l.bare(strconv.Itoa(l.fields.int("bytes_read")))
	l.bare(strconv.Itoa(l.fields.int("size")))
	l.quoted(request.string("method") + " " + requestURL(request) + " " + request.string("proto"))
	l.quoted(headers.header("User-Agent"))
	l.bare(cipher(tlsState))
	l.bare(protocol(tlsState))
	l.bare("-") // target_group_arn
	l.quoted(first(l.fields.string(FieldTraceID), headers.header("X-Amzn-Trace-Id")))
	l.quoted(first(l.fields.string(FieldDomainName), tlsState.string("server_name")))
	l.quoted(l.certificate(tlsState))
	l.bare("0") // matched_rule_priority: that of the default rule
	l.bare(timestamp(l.at.Add(-duration)))
	l.quoted(action)
	l.quoted(redirect)
	l.token(l.fields.string(FieldErrorReason))
	l.token(target)
	l.token(targetStatus)
	l.quoted("-") // classification
	l.quoted("-") // classification_reason
	l.bare(l.fields.string(FieldConnection))
	l.quoted("-") // transformed_host
	l.quoted("-") // transformed_uri
	l.quoted("-") // request_transform_status
	l.AppendByte('\n')
}

// first returns the first string that says something.
func first(candidates ...string) string {
	for _, c := range candidates {
		if c != "" {
			return c
		}
	}
	return ""
}

// sep separates a field from the one before it.
func (l *line) sep() {
	if l.Len() > 0 {
		l.AppendByte(' ')
	}
}

// bare writes a field without quotation marks; spaces in it are escaped.
func (l *line) bare(s string) {
	l.sep()
	l.escaped(s, ' ')
}

// quoted writes a field in quotation marks.
func (l *line) quoted(s string) {
	l.sep()
	l.AppendByte('"')
	l.escaped(s, '"')
	l.AppendByte('"')
}

// token writes a field in quotation marks that holds no space.
func (l *line) token(s string) {
	l.sep()
	l.AppendByte('"')
	l.escaped(s, ' ')
	l.AppendByte('"')
}

// escaped writes s, `-` if it is empty, so that it ends where end stands and
// nowhere else.
func (l *line) escaped(s string, end byte) {
	const hex = "0123456789ABCDEF"
	if s == "" {
		s = "-"
	}
	for i := range len(s) {
		c := s[i]
		if c == end || c == '"' || c == '\\' || c < ' ' || c >= 0x7f {
			l.AppendString(`\x`)
			l.AppendByte(hex[c>>4])
			l.AppendByte(hex[c&15])
			continue
		}
		l.AppendByte(c)
	}
}

// times writes request_processing_time, target_processing_time and
// response_processing_time, in seconds; -1 where nothing was sent to a target,
// or it did not answer.
func (l *line) times(duration time.Duration, target string) {
	proxied, _ := l.fields.duration(FieldProxyTime)
	waited, answered := l.fields.duration(FieldTargetTime)
	switch {
	case target == "":
		l.AppendString(" -1 -1 -1")
	case !answered:
		fmt.Fprintf(l, " %.3f -1 -1", max(duration-proxied, 0).Seconds())
	default:
		fmt.Fprintf(l, " %.3f %.3f %.3f", max(duration-proxied, 0).Seconds(), waited.Seconds(), max(proxied-waited, 0).Seconds())
	}
}

// action returns what was done with the request.
func (l *line) action(status int, target string) string {
	switch action := l.fields.string(FieldActions); {
	case action != "":
		return action
	case target != "":
		return "forward"
	case status >= 300 && status < 400 && l.fields.object("resp_headers").header("Location") != "":
		return "redirect"
	}
	return "fixed-response"
}

// certificate returns chosen_cert_arn.
func (l *line) certificate(tlsState object) string {
	if resumed, _ := tlsState["resumed"].(bool); resumed {
		return "session-reused"
	}
	return l.fields.string(FieldChosenCert)
}

// kind returns the type of the request or connection. HTTP/3, which load
// balancers do not have, is called h3.
func kind(request object) string {
	_, secure := request["tls"]
	headers := request.object("headers")
	switch proto := request.string("proto"); {
	case strings.EqualFold(headers.header("Upgrade"), "websocket") && secure:
		return "wss"
	case strings.EqualFold(headers.header("Upgrade"), "websocket"):
		return "ws"
	case strings.HasPrefix(headers.header("Content-Type"), "application/grpc") && secure && proto == "HTTP/2.0":
		return "grpcs"
	case proto == "HTTP/3.0":
		return "h3"
	case proto == "HTTP/2.0" && secure:
		return "h2"
	case secure:
		return "https"
	}
	return "http"
}

// timestamp writes a moment in ISO 8601, to the microsecond.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// client returns address and port of the client.
func client(request object) string {
	addr, err := netip.ParseAddrPort(net.JoinHostPort(request.string("remote_ip"), request.string("remote_port")))
	if err != nil {
		return "-:0" // a Unix socket's
	}
	return addr.String()
}

// address returns a target's address with a port; a Unix socket has none.
func address(target string) string {
	if _, _, err := net.SplitHostPort(target); target == "" || err == nil {
		return target
	}
	return target + ":0"
}

// requestURL returns the URL that was asked for, with scheme, host and port.
func requestURL(request object) string {
	uri := request.string("uri")
	if !strings.HasPrefix(uri, "/") {
		return first(uri, "-") // absolute form, authority form, *
	}
	scheme, port := "http", "80"
	if _, secure := request["tls"]; secure {
		scheme, port = "https", "443"
	}
	host := request.string("host")
	if _, _, err := net.SplitHostPort(host); err != nil {
		host += ":" + port
	}
	return scheme + "://" + host + uri
}

// cipher returns the name of the cipher suite as OpenSSL writes it.
func cipher(tlsState object) string {
	id := uint16(tlsState.int("cipher_suite"))
	if id == 0 {
		return ""
	}
	name := strings.ToUpper(tls.CipherSuiteName(id)) // 0xABCD where it has none
	if tlsState.int("version") >= tls.VersionTLS13 || !strings.HasPrefix(name, "TLS_") {
		return name
	}
	return opensslName(name)
}

// opensslName returns OpenSSL's name of a cipher suite, such as
// ECDHE-RSA-AES128-GCM-SHA256, given IANA's.
func opensslName(name string) string {
	exchange, rest, _ := strings.Cut(strings.TrimPrefix(name, "TLS_"), "_WITH_")
	rest = strings.NewReplacer("AES_128", "AES128", "AES_256", "AES256", "CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305", "3DES_EDE_CBC", "DES-CBC3", "_CBC", "", "RC4_128", "RC4").Replace(rest)
	if exchange == "RSA" {
		return strings.ReplaceAll(rest, "_", "-")
	}
	return strings.ReplaceAll(exchange+"-"+rest, "_", "-")
}

// protocol returns the TLS version as OpenSSL writes it.
func protocol(tlsState object) string {
	switch tlsState.int("version") {
	case tls.VersionTLS10:
		return "TLSv1"
	case tls.VersionTLS11:
		return "TLSv1.1"
	case tls.VersionTLS12:
		return "TLSv1.2"
	case tls.VersionTLS13:
		return "TLSv1.3"
	}
	return ""
}
