package cloudfront

import (
	"bytes"
	"slices"
	"strings"

	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/model"
)

// distributionConfig is what a configuration says that has a meaning here, and
// the rest as it was given.
type distributionConfig struct {
	callerReference, comment string
	enabled                  bool
	aliases                  []string // in the order given, each once
	viewer                   model.ViewerCertificate
	rest                     []byte
}

// order is how CloudFront writes the members of a configuration; those it
// always writes have what they say by default.
var order = []struct{ name, byDefault string }{
	{"CallerReference", ""},
	{"Aliases", ""},
	{"DefaultRootObject", "<DefaultRootObject></DefaultRootObject>"},
	// What stands behind a Caddyfile's distribution the Caddyfile says.
	{"Origins", "<Origins><Quantity>1</Quantity><Items><Origin><Id>caddy</Id><DomainName>caddy.invalid</DomainName><OriginPath></OriginPath></Origin></Items></Origins>"},
	{"OriginGroups", "<OriginGroups><Quantity>0</Quantity></OriginGroups>"},
	{"DefaultCacheBehavior", "<DefaultCacheBehavior><TargetOriginId>caddy</TargetOriginId><ViewerProtocolPolicy>allow-all</ViewerProtocolPolicy></DefaultCacheBehavior>"},
	{"CacheBehaviors", "<CacheBehaviors><Quantity>0</Quantity></CacheBehaviors>"},
	{"CustomErrorResponses", "<CustomErrorResponses><Quantity>0</Quantity></CustomErrorResponses>"},
	{"Comment", ""},
	{"Logging", "<Logging><Enabled>false</Enabled><IncludeCookies>false</IncludeCookies><Bucket></Bucket><Prefix></Prefix></Logging>"},
	{"PriceClass", "<PriceClass>PriceClass_All</PriceClass>"},
	{"Enabled", ""},
	{"ViewerCertificate", ""},
	{"Restrictions", "<Restrictions><GeoRestriction><RestrictionType>none</RestrictionType><Quantity>0</Quantity></GeoRestriction></Restrictions>"},
	{"WebACLId", "<WebACLId></WebACLId>"},
	{"HttpVersion", "<HttpVersion>http2</HttpVersion>"},
	{"IsIPV6Enabled", "<IsIPV6Enabled>false</IsIPV6Enabled>"},
	{"ContinuousDeploymentPolicyId", "<ContinuousDeploymentPolicyId></ContinuousDeploymentPolicyId>"},
	{"Staging", "<Staging>false</Staging>"},
}

// managed are the members that are no part of the rest.
var managed = []string{"CallerReference", "Aliases", "Comment", "Enabled", "ViewerCertificate"}

// missing returns the error of a member that is not there.
func missing(member string) error {
	return awserr.New(awserr.InvalidArgument, "The parameter %s is required.", member)
}

// readConfig reads a DistributionConfig.
func readConfig(n *node) (*distributionConfig, error) {
	if err := n.checkQuantities(); err != nil {
		return nil, err
	}
	for i, k := range n.kids {
		if n.kid(k.name) != n.kids[i] {
			return nil, malformed("Element %.64q stands twice.", k.name)
		}
	}
	for _, member := range []string{"CallerReference", "Comment", "DefaultCacheBehavior", "Enabled", "Origins"} {
		if n.kid(member) == nil {
			return nil, missing(member)
		}
	}
	c := &distributionConfig{callerReference: n.value("CallerReference"), comment: n.kid("Comment").text}
	switch enabled := n.value("Enabled"); {
	case c.callerReference == "" || len(c.callerReference) > 512:
		return nil, awserr.New(awserr.InvalidArgument, "The parameter CallerReference has %d bytes, want 1 to 512.", len(c.callerReference))
	case len([]rune(c.comment)) > 128:
		return nil, awserr.New(awserr.InvalidArgument, "The parameter Comment has %d characters, at most 128 are allowed.", len([]rune(c.comment)))
	case enabled != "true" && enabled != "false":
		return nil, awserr.New(awserr.InvalidArgument, "The parameter Enabled is %.64q, want true or false.", enabled)
	default:
		c.enabled = enabled == "true"
	}
	for _, item := range list(n.kid("Aliases")) {
		host := strings.TrimSpace(item.text)
		if err := checkAlias(host); err != nil {
			return nil, err
		}
		if !slices.Contains(c.aliases, host) {
			c.aliases = append(c.aliases, host)
		}
	}
	var err error
	if c.viewer, err = readViewer(n.kid("ViewerCertificate")); err != nil {
		return nil, err
	}
	var rest bytes.Buffer
	for _, k := range n.kids {
		if !slices.Contains(managed, k.name) {
			k.write(&rest)
		}
	}
	c.rest = rest.Bytes()
	return c, nil
}

// list returns the items of a list, which may be missing.
func list(n *node) []*node {
	if all := n.kid("Items"); all != nil {
		return all.kids
	}
	return nil
}

// checkAlias refuses what is no alias (aws-behaviour 9.2 rules 1 and 8).
func checkAlias(host string) error {
	if err := model.ValidateAlias(host); err != nil {
		return awserr.New(awserr.InvalidArgument, "The parameter CNAME contains one or more parameters that are not valid. (%.300s)", err)
	}
	return nil
}

// readViewer reads a ViewerCertificate, nil for none.
func readViewer(n *node) (model.ViewerCertificate, error) {
	v := model.ViewerCertificate{
		ACM: n.value("ACMCertificateArn"), IAM: n.value("IAMCertificateId"),
		SSLSupport: n.value("SSLSupportMethod"), MinimumProtocol: n.value("MinimumProtocolVersion"),
	}
	own := n.value("CloudFrontDefaultCertificate") == "true"
	switch {
	case len(v.ACM)+len(v.IAM)+len(v.SSLSupport)+len(v.MinimumProtocol) > 4096:
		return v, awserr.New(awserr.InvalidArgument, "The parameter ViewerCertificate is too long.")
	case v.ACM != "" && v.IAM != "" || own && v.ACM+v.IAM != "":
		return v, awserr.New(awserr.InvalidViewerCertificate, "The parameter ViewerCertificate has more than one of ACMCertificateArn, IAMCertificateId and CloudFrontDefaultCertificate.")
	case v.ACM+v.IAM == "":
		return model.ViewerCertificate{}, nil
	case !slices.Contains([]string{"sni-only", "vip", "static-ip"}, v.SSLSupport):
		return v, awserr.New(awserr.InvalidArgument, "The parameter SSLSupportMethod is %.64q, want one of sni-only, vip, static-ip.", v.SSLSupport)
	}
	if v.MinimumProtocol == "" {
		v.MinimumProtocol = "TLSv1"
	}
	return v, nil
}

// viewerShape returns a ViewerCertificate.
func viewerShape(v model.ViewerCertificate) *node {
	switch {
	case v.ACM != "":
		return tree("ViewerCertificate", leaf("CloudFrontDefaultCertificate", false), leaf("ACMCertificateArn", v.ACM),
			leaf("SSLSupportMethod", v.SSLSupport), leaf("MinimumProtocolVersion", v.MinimumProtocol),
			leaf("Certificate", v.ACM), leaf("CertificateSource", "acm"))
	case v.IAM != "":
		return tree("ViewerCertificate", leaf("CloudFrontDefaultCertificate", false), leaf("IAMCertificateId", v.IAM),
			leaf("SSLSupportMethod", v.SSLSupport), leaf("MinimumProtocolVersion", v.MinimumProtocol),
			leaf("Certificate", v.IAM), leaf("CertificateSource", "iam"))
	}
	return tree("ViewerCertificate", leaf("CloudFrontDefaultCertificate", true), leaf("SSLSupportMethod", "vip"),
		leaf("MinimumProtocolVersion", "TLSv1"), leaf("CertificateSource", "cloudfront"))
}

func aliasesShape(hosts []string) *node {
	var list []*node
	for _, h := range hosts {
		list = append(list, leaf("CNAME", h))
	}
	return items("Aliases", list)
}

// members returns the members of a distribution's configuration, in CloudFront's
// order; what was not given is as CloudFront has it by default.
func (d *distribution) members() []*node {
	given := restOf(d.Config)
	reference := d.CallerReference
	if reference == "" {
		reference = d.DomainName // a Caddyfile's
	}
	given = append(given, leaf("CallerReference", reference), aliasesShape(d.aliases), leaf("Comment", d.Comment),
		leaf("Enabled", d.Enabled), viewerShape(d.Viewer))
	var out []*node
	for _, o := range order {
		i := slices.IndexFunc(given, func(n *node) bool { return n.name == o.name })
		if i >= 0 {
			out = append(out, given[i])
			given = slices.Delete(given, i, i+1)
		} else {
			out = append(out, restOf([]byte(o.byDefault))...)
		}
	}
	return append(out, given...)
}

// restOf returns the elements in a row's configuration.
func restOf(data []byte) []*node {
	n, err := parseAny([]byte("<a>" + string(data) + "</a>"))
	if err != nil {
		return nil // no such row is written here
	}
	return n.kids
}
