package route53

import (
	"net/url"
	"strings"

	"github.com/edgestage/edgestage/state/api/awserr"
)

// operation is one operation of the API.
type operation struct {
	name, method string
	// path is below the version; `{Id}` stands for a parameter.
	path     string
	run      func(c *call) (any, error)
	segments []string
}

// operations are those of aws-behaviour 5.5, by family.
var operations []*operation

func init() {
	for _, family := range [][]*operation{
		zoneOperations, delegationSetOperations, recordOperations, healthCheckOperations, tagOperations,
		vpcOperations, cidrOperations, queryLoggingOperations, dnssecOperations, locationOperations, limitOperations,
		trafficPolicyOperations, trafficInstanceOperations,
	} {
		for _, o := range family {
			o.segments = strings.Split(o.path, "/")
			operations = append(operations, o)
		}
	}
}

// route finds the operation of a request and the parameters in its path, which
// is still escaped.
func route(method, path string) (*operation, map[string]string, error) {
	segments := pathSegments(path)
	for _, o := range operations {
		if params, ok := o.match(method, segments); ok {
			return o, params, nil
		}
	}
	return nil, nil, awserr.New(awserr.UnknownOperation, "No operation of Route 53 is known at this method and path.")
}

// pathSegments returns the parts of a path below the version, unescaped. Empty
// ones do not count, nor does the kind of an id that stands before it once
// more: older clients send /hostedzone//hostedzone/Z1.
func pathSegments(path string) []string {
	rest, ok := strings.CutPrefix(path, version)
	if !ok {
		return nil
	}
	var out []string
	for part := range strings.SplitSeq(rest, "/") {
		s, err := url.PathUnescape(part)
		if err != nil {
			return nil
		}
		if s == "" || len(out) == 1 && s == out[0] {
			continue
		}
		if i := strings.LastIndexByte(s, '/'); i >= 0 && len(out) > 0 {
			s = s[i+1:] // an id with its kind, escaped
		}
		out = append(out, s)
	}
	return out
}

func (o *operation) match(method string, segments []string) (map[string]string, bool) {
	if o.method != method || len(o.segments) != len(segments) {
		return nil, false
	}
	params := make(map[string]string)
	for i, s := range o.segments {
		if name, ok := strings.CutPrefix(s, "{"); ok {
			params[strings.TrimSuffix(name, "}")] = segments[i]
		} else if s != segments[i] {
			return nil, false
		}
	}
	return params, true
}

// bare returns an id without the kind that may stand before it.
func bare(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }
