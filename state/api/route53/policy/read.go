package policy

import (
	"slices"
	"strconv"
	"strings"

	"github.com/edgestage/edgestage/state/model"
)

// reader turns a tree into a document and collects what is wrong with it.
type reader struct{ faults Faults }

// object returns n's members; what is none of the allowed is a fault.
func (r *reader) object(n *node, allowed ...string) map[string]*node {
	if !n.is(isObject) {
		r.faults.add(n.place, "%s, want an object", n.kind)
		return nil
	}
	for _, name := range n.names {
		if !slices.Contains(allowed, name) {
			r.faults.add(n.place, "unknown member %.64q, allowed are %s", name, strings.Join(allowed, ", "))
		}
	}
	return n.members
}

// text returns a member's string, "" where it is missing, which is a fault if
// it is required.
func (r *reader) text(in *node, name string, required bool) string {
	n := in.members[name]
	switch {
	case n == nil && required:
		r.faults.add(in.place, "%s is missing", name)
	case n == nil:
	case !n.is(isString):
		r.faults.add(n.place, "%s, want a string", n.kind)
	case n.text == "":
		r.faults.add(n.place, "empty")
	default:
		return n.text
	}
	return ""
}

// number returns a member's whole number, which may stand in quotes; 0 where it
// is missing, which is a fault if it is required.
func (r *reader) number(in *node, name string, required bool, least, most int64) int64 {
	n := in.members[name]
	if n == nil {
		if required {
			r.faults.add(in.place, "%s is missing", name)
		}
		return 0
	}
	v, err := strconv.ParseInt(n.text, 10, 64)
	if !n.is(isNumber, isString) || err != nil || v < least || v > most {
		r.faults.add(n.place, "%.64q is not a whole number in [%d, %d]", n.text, least, most)
	}
	return v
}

// boolean returns a member's boolean, which may stand in quotes; nil where it
// is missing.
func (r *reader) boolean(in *node, name string) *bool {
	n := in.members[name]
	if n == nil {
		return nil
	}
	if !n.is(isBool, isString) || n.text != "true" && n.text != "false" {
		r.faults.add(n.place, "%.64q is neither true nor false", n.text)
		return nil
	}
	v := n.text == "true"
	return &v
}

// document reads the whole.
func (r *reader) document(n *node) *Document {
	d := &Document{endpoints: make(map[string]*endpoint), rules: make(map[string]*rule)}
	members := r.object(n, "AWSPolicyFormatVersion", "RecordType", "StartEndpoint", "StartRule", "Endpoints", "Rules")
	if members == nil {
		return d
	}
	version := r.text(n, "AWSPolicyFormatVersion", true)
	if version != "" && version != version2015 && version != version2023 {
		r.faults.add("AWSPolicyFormatVersion", "%.64q, want %s or %s", version, version2015, version2023)
	}
	d.Type = r.recordType(n)
	d.start = r.reference(n, "StartEndpoint", "StartRule")
	endpoints, rules := r.named(members["Endpoints"]), r.named(members["Rules"])
	for _, id := range sortedKeys(endpoints) {
		d.endpoints[id] = r.endpoint(endpoints[id])
	}
	for _, id := range sortedKeys(rules) {
		d.rules[id] = r.rule(rules[id], version)
	}
	return d
}

// recordType reads the type of the records, which is none of those that a zone
// is made of.
func (r *reader) recordType(n *node) string {
	t := r.text(n, "RecordType", true)
	if _, ok := model.TypeCode(t); t != "" && (!ok || t == "SOA" || t == "NS") {
		r.faults.add("RecordType", "%.64q is not a type that a policy can have", t)
	}
	return t
}

// named returns the members of an object whose names are ids.
func (r *reader) named(n *node) map[string]*node {
	if n == nil {
		return nil
	}
	if !n.is(isObject) {
		r.faults.add(n.place, "%s, want an object", n.kind)
		return nil
	}
	for _, id := range n.names {
		if id == "" || len(id) > maxID || strings.ContainsFunc(id, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			r.faults.add(n.place, "id %.128q is not 1 to %d printable characters", id, maxID)
		}
	}
	return n.members
}

// reference reads which of two members is there.
func (r *reader) reference(n *node, endpointName, ruleName string) reference {
	to := reference{endpoint: r.text(n, endpointName, false), rule: r.text(n, ruleName, false)}
	if (n.members[endpointName] == nil) == (n.members[ruleName] == nil) {
		r.faults.add(n.place, "want one of %s and %s", endpointName, ruleName)
	}
	return to
}

// The types of endpoints other than values, with how their names end.
var resourceEndpoints = map[string]string{
	"cloudfront":                ".cloudfront.net.",
	"application-load-balancer": ".elb.amazonaws.com.",
	"elastic-load-balancer":     ".elb.amazonaws.com.",
	"network-load-balancer":     ".amazonaws.com.",
	"elastic-beanstalk":         ".elasticbeanstalk.com.",
}

// maxValue is how long a record may be (aws-behaviour 2.7).
const maxValue = 4000

// endpoint reads one endpoint.
func (r *reader) endpoint(n *node) *endpoint {
	e := &endpoint{place: n.place}
	if r.object(n, "Type", "Region", "Value") == nil {
		return e
	}
	kind, region, value := r.text(n, "Type", true), r.text(n, "Region", false), r.text(n, "Value", true)
	if region != "" && kind != "s3-website" {
		r.faults.add(n.place, "Region is for endpoints of the type s3-website only")
	}
	ending, known := resourceEndpoints[kind]
	switch {
	case kind == "" || value == "":
	case kind == "value":
		if e.value = value; len(value) > maxValue {
			r.faults.add(n.place, "Value of %d characters, at most %d are allowed", len(value), maxValue)
		}
	case kind == "s3-website":
		r.website(e, region, value)
	case !known:
		r.faults.add(n.place, "Type %.64q is none of value, %s, s3-website", kind, strings.Join(sortedKeys(resourceEndpoints), ", "))
	default:
		r.resource(e, kind, ending, value)
	}
	return e
}

// resource reads the name of a resource.
func (r *reader) resource(e *endpoint, kind, ending, value string) {
	name, err := model.ParseName(value)
	if err != nil {
		r.faults.add(e.place, "Value: %v", err)
		return
	}
	e.alias, e.zone = name, model.ResourceOf(name).ZoneID()
	if network := strings.Contains(string(name), ".elb.") && !strings.HasSuffix(string(name), ".elb.amazonaws.com."); !strings.HasSuffix(string(name), ending) ||
		e.zone == "" || network != (kind == "network-load-balancer") {
		r.faults.add(e.place, "Value %.128q is not the name of a resource of the type %s in a known Region", value, kind)
	}
}

// website reads the bucket of a website: by itself, or with the name of the
// website behind it. An alias names the Region's websites; the bucket is that of
// the name that is asked for.
func (r *reader) website(e *endpoint, region, value string) {
	if region == "" {
		r.faults.add(e.place, "Region is missing")
		return
	}
	separator := "."
	if dashedWebsites[region] {
		separator = "-"
	}
	name := model.Name("s3-website" + separator + region + ".amazonaws.com.")
	zone := model.ResourceOf(name).ZoneID()
	if zone == "" {
		r.faults.add(e.place, "Region %.64q is not known to have S3 websites", region)
	}
	_, website, found := strings.Cut(strings.TrimSuffix(value, "."), ".s3-website")
	if found && website != separator+region+".amazonaws.com" {
		r.faults.add(e.place, "Value %.128q is not the name of a bucket, nor of its website in the Region %.64q", value, region)
	}
	e.alias, e.zone = name, zone
}

// dashedWebsites are the Regions whose websites are named s3-website-REGION; all
// others are s3-website.REGION (aws-behaviour 3.6).
var dashedWebsites = map[string]bool{
	"us-east-1": true, "us-west-1": true, "us-west-2": true, "eu-west-1": true, "ap-southeast-1": true, "ap-southeast-2": true,
	"ap-northeast-1": true, "sa-east-1": true,
}
