package cloudfront

import (
	"net/url"
	"strings"

	"github.com/edgestage/edgestage/state/api/awserr"
)

// operation is one operation of the API.
type operation struct {
	name, method string
	// path is below the version; `{Id}` stands for a parameter.
	path string
	// query must stand in the query: a name, or NAME=VALUE.
	query string
	run   func(c *call) (response, error)
}

// operations are tried in order.
var operations []*operation

func init() {
	operations = []*operation{
		{name: "CreateDistributionWithTags", method: "POST", path: "distribution", query: "WithTags", run: createDistributionWithTags},
		{name: "CreateDistribution", method: "POST", path: "distribution", run: createDistribution},
		{name: "ListDistributions", method: "GET", path: "distribution", run: listDistributions},
		{name: "GetDistribution", method: "GET", path: "distribution/{Id}", run: getDistribution},
		{name: "GetDistributionConfig", method: "GET", path: "distribution/{Id}/config", run: getDistributionConfig},
		{name: "UpdateDistribution", method: "PUT", path: "distribution/{Id}/config", run: updateDistribution},
		{name: "DeleteDistribution", method: "DELETE", path: "distribution/{Id}", run: deleteDistribution},
		{name: "AssociateAlias", method: "PUT", path: "distribution/{Id}/associate-alias", run: associateAlias},
		{name: "ListConflictingAliases", method: "GET", path: "conflicting-alias", run: listConflictingAliases},
		{name: "TagResource", method: "POST", path: "tagging", query: "Operation=Tag", run: tagResource},
		{name: "UntagResource", method: "POST", path: "tagging", query: "Operation=Untag", run: untagResource},
		{name: "ListTagsForResource", method: "GET", path: "tagging", run: listTagsForResource},
	}
}

// route finds the operation of a request and the parameters in its path, which
// is still escaped.
func route(method, path string, query url.Values) (*operation, map[string]string, error) {
	rest := strings.Trim(strings.TrimPrefix(path, version), "/")
	segments := strings.Split(rest, "/")
	for i, s := range segments {
		unescaped, err := url.PathUnescape(s)
		if err != nil {
			return nil, nil, unknownOperation()
		}
		segments[i] = unescaped
	}
	for _, o := range operations {
		if params, ok := o.match(method, segments, query); ok {
			return o, params, nil
		}
	}
	return nil, nil, unknownOperation()
}

func unknownOperation() error {
	return awserr.New(awserr.UnknownOperation, "No operation of CloudFront is known at this method and path.")
}

func (o *operation) match(method string, segments []string, query url.Values) (map[string]string, bool) {
	want := strings.Split(o.path, "/")
	if o.method != method || len(want) != len(segments) {
		return nil, false
	}
	name, value, valued := strings.Cut(o.query, "=")
	if o.query != "" && (!query.Has(name) || valued && query.Get(name) != value) {
		return nil, false
	}
	params := make(map[string]string)
	for i, s := range want {
		if name, ok := strings.CutPrefix(s, "{"); ok {
			params[strings.TrimSuffix(name, "}")] = segments[i]
		} else if s != segments[i] {
			return nil, false
		}
	}
	return params, true
}
