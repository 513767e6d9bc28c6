package accesslog

import (
	"maps"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/logging"
	"go.uber.org/zap"
	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"
)

func init() {
	caddy.RegisterModule(Encoder{})
}

// Encoder writes access log entries as lines of an Application Load
// Balancer's access log, with all fields up to `request_transform_status`.
//
// It is for the access logs of sites. Entries of other kinds that come into
// the same log are written as JSON, so that none is lost. What Caddy does not
// know is written as AWS writes what does not apply, `-` or -1. Bytes that are
// no printable ASCII, quotation marks and backslashes are written as `\xHH`.
type Encoder struct {
	*zapcore.MapObjectEncoder `json:"-"`

	// The id of the load balancer that the line names, such as
	// `app/web/50dc6c495c0c9188`. Default: that of the load balancer that the
	// request was for, `-` where there is none.
	ELB string `json:"elb,omitempty"`

	others logging.JSONEncoder
}

// CaddyModule returns the Caddy module information.
func (Encoder) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "caddy.logging.encoders.alb",
		New: func() caddy.Module { return &Encoder{MapObjectEncoder: zapcore.NewMapObjectEncoder()} },
	}
}

// Provision sets up the encoder of entries that are no access log's.
func (e *Encoder) Provision(ctx caddy.Context) error { return e.others.Provision(ctx) }

// UnmarshalCaddyfile sets up the encoder from Caddyfile tokens. Syntax:
//
//	alb {
//	    elb <id>
//	}
func (e *Encoder) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume encoder name
	if d.NextArg() {
		return d.ArgErr()
	}
	for d.NextBlock(0) {
		if d.Val() != "elb" {
			return d.Errf("unrecognized subdirective '%s'", d.Val())
		}
		if e.ELB != "" {
			return d.Err("'elb' is given twice")
		}
		if !d.AllArgs(&e.ELB) {
			return d.ArgErr()
		}
		if e.ELB == "" || strings.ContainsFunc(e.ELB, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return d.Errf("elb '%s' is no load balancer's id such as app/web/50dc6c495c0c9188", e.ELB)
		}
	}
	return nil
}

// Clone returns an encoder with the same fields, independent of this one. It
// implements [zapcore.Encoder].
func (e *Encoder) Clone() zapcore.Encoder {
	c := zapcore.NewMapObjectEncoder()
	maps.Copy(c.Fields, e.Fields)
	return &Encoder{MapObjectEncoder: c, ELB: e.ELB, others: e.others}
}

// buffers are those that lines are written to.
var buffers = buffer.NewPool()

// EncodeEntry implements [zapcore.Encoder].
func (e *Encoder) EncodeEntry(entry zapcore.Entry, fields []zapcore.Field) (*buffer.Buffer, error) {
	if entry.LoggerName != accessLogger && !strings.HasPrefix(entry.LoggerName, accessLogger+".") {
		return e.encodeOther(entry, fields)
	}
	all := e.Clone().(*Encoder)
	for _, f := range fields {
		f.AddTo(all)
	}
	out := buffers.Get()
	(&line{Buffer: out, elb: e.ELB, at: entry.Time, fields: all.Fields}).write()
	return out, nil
}

// accessLogger is the name of the loggers of Caddy that write access logs; a
// site's has more labels.
const accessLogger = "http.log.access"

// encodeOther writes an entry that no client's request has made.
func (e *Encoder) encodeOther(entry zapcore.Entry, fields []zapcore.Field) (*buffer.Buffer, error) {
	var all []zapcore.Field
	for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
		all = append(all, zap.Any(name, e.Fields[name]))
	}
	return e.others.EncodeEntry(entry, append(all, fields...))
}

// Interface guards
var (
	_ zapcore.Encoder       = (*Encoder)(nil)
	_ caddy.Provisioner     = (*Encoder)(nil)
	_ caddyfile.Unmarshaler = (*Encoder)(nil)
)
