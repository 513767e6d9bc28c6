package cloudmap

import (
	"regexp"
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/registry"
	"github.com/edgestage/edgestage/state/model"
)

var namespaceOperations = map[string]func(c *call) (any, error){
	"CreateHttpNamespace":       createHTTPNamespace,
	"CreatePrivateDnsNamespace": createPrivateNamespace,
	"CreatePublicDnsNamespace":  createPublicNamespace,
	"DeleteNamespace":           deleteNamespace,
	"GetNamespace":              getNamespace,
	"ListNamespaces":            listNamespaces,
	"UpdateHttpNamespace":       updateHTTPNamespace,
	"UpdatePrivateDnsNamespace": updatePrivateNamespace,
	"UpdatePublicDnsNamespace":  updatePublicNamespace,
}

type createNamespaceRequest struct {
	Name             string                  `json:"Name" aws:"required"`
	CreatorRequestId string                  `json:"CreatorRequestId" aws:"max=64"`
	Description      string                  `json:"Description" aws:"max=1024"`
	Tags             []tag                   `json:"Tags" aws:"max=200"`
	Vpc              string                  `json:"Vpc" aws:"max=64"` // private ones only
	Properties       *dnsNamespaceProperties `json:"Properties"`       // DNS ones only
}

type dnsNamespaceProperties struct {
	DnsProperties *mutableDNSProperties `json:"DnsProperties" aws:"required"`
}

type mutableDNSProperties struct {
	SOA *soa `json:"SOA" aws:"required"`
}

type soa struct {
	TTL *int64 `json:"TTL" aws:"required,min=0,max=2147483647"`
}

// defaultSOATTL is the TTL of a namespace's SOA in seconds unless one is given
// (aws-behaviour 6.3).
const defaultSOATTL = 15

// ttl returns what the properties ask for.
func (p *dnsNamespaceProperties) ttl() (uint32, bool) {
	if p == nil {
		return defaultSOATTL, false
	}
	return uint32(*p.DnsProperties.SOA.TTL), true
}

// namePattern is what the names of a type of namespace look like. text is how
// AWS spells it; what that says of names that begin with arn: is not in the
// expression.
type namePattern struct {
	most  int
	text  string
	match *regexp.Regexp
}

var (
	httpName = namePattern{1024, `^(?!arn:)[!-~]{1,1024}$`, regexp.MustCompile(`^[!-~]+$`)}
	privName = namePattern{253, `^(?!arn:)[!-~]{1,253}$`, regexp.MustCompile(`^[!-~]+$`)}
	publName = namePattern{
		253,
		`^([a-zA-Z0-9]([a-zA-Z0-9\-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z0-9]([a-zA-Z0-9\-]{0,61}[a-zA-Z0-9])?$`,
		regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9\-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z0-9]([a-zA-Z0-9\-]{0,61}[a-zA-Z0-9])?$`),
	}
)

func (p namePattern) check(name string) error {
	switch {
	case len(name) > p.most:
		return constraint("name", name, "have length less than or equal to "+itoa(p.most))
	case !p.match.MatchString(name) || strings.HasPrefix(name, "arn:"):
		return constraint("name", name, "satisfy regular expression pattern: "+p.text)
	}
	return nil
}

func createHTTPNamespace(c *call) (any, error) {
	return c.create(model.NamespaceHTTP, httpName)
}

func createPublicNamespace(c *call) (any, error) {
	return c.create(model.NamespacePublic, publName)
}

func createPrivateNamespace(c *call) (any, error) {
	return c.create(model.NamespacePrivate, privName)
}

// create reads a request for a namespace of some type, and makes it.
func (c *call) create(kind string, name namePattern) (any, error) {
	var req createNamespaceRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	if err := name.check(req.Name); err != nil {
		return nil, err
	}
	n := &model.Namespace{
		Account: c.account, Region: c.region, Name: req.Name, HTTPName: req.Name, Type: kind,
		Description: req.Description, CreatorRequestID: orNew(req.CreatorRequestId), Created: c.now,
	}
	if n.DNS() {
		n.SOATTL, _ = req.Properties.ttl()
	}
	vpc := ""
	if kind == model.NamespacePrivate {
		if vpc = req.Vpc; vpc == "" {
			return nil, constraint("vpc", "null", "not be null")
		}
	}
	return c.createNamespace(n, vpc, req.Tags)
}

// namespace returns the caller's namespace with an id or ARN.
func (c *call) namespace(rd *state.Reader, idOrARN string) (*model.Namespace, error) {
	n := registry.Namespace(rd, id(idOrARN))
	if n == nil || !c.own(n.Account, n.Region) {
		return nil, awserr.New(awserr.NamespaceNotFound, "The namespace %.64s can't be found.", id(idOrARN))
	}
	return n, nil
}

type byID struct {
	Id string `json:"Id" aws:"required,max=255"`
}

type namespaceShape struct {
	Id               string              `json:"Id"`
	Arn              string              `json:"Arn"`
	ResourceOwner    string              `json:"ResourceOwner"`
	Name             string              `json:"Name"`
	Type             string              `json:"Type"`
	Description      string              `json:"Description,omitempty"`
	ServiceCount     int                 `json:"ServiceCount"`
	Properties       namespaceProperties `json:"Properties"`
	CreateDate       any                 `json:"CreateDate"`
	CreatorRequestId string              `json:"CreatorRequestId,omitempty"`
}

type namespaceProperties struct {
	DnsProperties  *dnsProperties `json:"DnsProperties,omitempty"`
	HttpProperties httpProperties `json:"HttpProperties"`
}

type dnsProperties struct {
	HostedZoneId string `json:"HostedZoneId"`
	SOA          soa    `json:"SOA"`
}

type httpProperties struct {
	HttpName string `json:"HttpName"`
}

// shapeNamespace returns n as the API shows it.
func shapeNamespace(rd *state.Reader, n *model.Namespace) namespaceShape {
	s := namespaceShape{
		Id: n.ID, Arn: n.ARN(), ResourceOwner: n.Account, Name: n.Name, Type: n.Type, Description: n.Description,
		ServiceCount: registry.CountServices(rd, n.ID), CreateDate: timestamp(n.Created), CreatorRequestId: n.CreatorRequestID,
		Properties: namespaceProperties{HttpProperties: httpProperties{n.HTTPName}},
	}
	if n.DNS() {
		ttl := int64(n.SOATTL)
		s.Properties.DnsProperties = &dnsProperties{HostedZoneId: n.Zone, SOA: soa{TTL: &ttl}}
	}
	return s
}

type getNamespaceAnswer struct {
	Namespace namespaceShape `json:"Namespace"`
}

func getNamespace(c *call) (any, error) {
	var req byID
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	var res getNamespaceAnswer
	err := c.view(func(rd *state.Reader) error {
		n, err := c.namespace(rd, req.Id)
		if err == nil {
			res.Namespace = shapeNamespace(rd, n)
		}
		return err
	})
	return res, err
}

type listNamespacesRequest struct {
	NextToken  string   `json:"NextToken" aws:"max=4096"`
	MaxResults *int64   `json:"MaxResults" aws:"min=1,max=100"`
	Filters    []filter `json:"Filters"`
}

type listNamespacesAnswer struct {
	Namespaces []namespaceShape `json:"Namespaces"`
	NextToken  string           `json:"NextToken,omitempty"`
}

func listNamespaces(c *call) (any, error) {
	var req listNamespacesRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	rules := map[string][]string{
		"TYPE": {conditionEQ, conditionIN}, "NAME": {conditionEQ, conditionBegins}, "HTTP_NAME": {conditionEQ, conditionBegins},
		"RESOURCE_OWNER": {conditionEQ},
	}
	if err := checkFilters(req.Filters, rules); err != nil {
		return nil, err
	}
	list := listName(filterNames(req.Filters)...)
	from, err := c.pageStart(list, req.NextToken)
	if err != nil {
		return nil, err
	}
	res := listNamespacesAnswer{Namespaces: []namespaceShape{}}
	err = c.view(func(rd *state.Reader) error {
		rd.Range(model.TableNamespaces, "", from, func(v model.Value, _ state.Version) bool {
			n := v.(*model.Namespace)
			values := map[string]string{"TYPE": n.Type, "NAME": n.Name, "HTTP_NAME": n.HTTPName, "RESOURCE_OWNER": ownerSelf}
			if !c.own(n.Account, n.Region) || !matches(req.Filters, values) {
				return true
			}
			if len(res.Namespaces) == pageSize(req.MaxResults) {
				res.NextToken = c.pageToken(list, n.ID)
				return false
			}
			s := shapeNamespace(rd, n)
			s.CreatorRequestId = ""
			res.Namespaces = append(res.Namespaces, s)
			return true
		})
		return nil
	})
	return res, err
}
