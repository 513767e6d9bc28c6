package route53

import (
	"strconv"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/route53/policy"
	"github.com/edgestage/edgestage/state/model"
)

var trafficPolicyOperations = []*operation{
	{name: "CreateTrafficPolicy", method: "POST", path: "trafficpolicy", run: createTrafficPolicy},
	{name: "CreateTrafficPolicyVersion", method: "POST", path: "trafficpolicy/{Id}", run: createTrafficPolicyVersion},
	{name: "GetTrafficPolicy", method: "GET", path: "trafficpolicy/{Id}/{Version}", run: getTrafficPolicy},
	{name: "UpdateTrafficPolicyComment", method: "POST", path: "trafficpolicy/{Id}/{Version}", run: updateTrafficPolicyComment},
	{name: "DeleteTrafficPolicy", method: "DELETE", path: "trafficpolicy/{Id}/{Version}", run: deleteTrafficPolicy},
	{name: "ListTrafficPolicies", method: "GET", path: "trafficpolicies", run: listTrafficPolicies},
	{name: "ListTrafficPolicyVersions", method: "GET", path: "trafficpolicies/{Id}/versions", run: listTrafficPolicyVersions},
}

type trafficPolicy struct {
	Id       string `xml:"Id"`
	Version  int64  `xml:"Version"`
	Name     string `xml:"Name"`
	Type     string `xml:"Type"`
	Document string `xml:"Document"`
	Comment  string `xml:"Comment,omitempty"`
}

type trafficPolicyResponse struct {
	TrafficPolicy trafficPolicy `xml:"TrafficPolicy"`
}

func policyShape(p *model.TrafficPolicy) trafficPolicy {
	return trafficPolicy{p.ID, p.Version, p.Name, p.Type, p.Document, p.Comment}
}

// parsePolicy reads a document, in the words of the API.
func parsePolicy(document string) (*policy.Document, error) {
	d, err := policy.Parse(document)
	if err != nil {
		return nil, awserr.New(awserr.InvalidTrafficPolicyDocument, "%v", err)
	}
	return d, nil
}

type createTrafficPolicyRequest struct {
	Name     string  `xml:"Name" aws:"required,min=1,max=512"`
	Document string  `xml:"Document" aws:"required,max=102400"`
	Comment  *string `xml:"Comment" aws:"max=1024"`
}

// createTrafficPolicy makes the first version of a policy. Its id comes from
// account and name, so that one name is one policy on every node.
func createTrafficPolicy(c *call) (any, error) {
	var req createTrafficPolicyRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	d, err := parsePolicy(req.Document)
	if err != nil {
		return nil, err
	}
	p := &model.TrafficPolicy{
		ID: model.NewUUID("traffic policy", c.account, req.Name), Version: 1, Latest: 1, Account: c.account,
		Name: req.Name, Type: d.Type, Document: req.Document, Comment: value(req.Comment),
	}
	_, err = c.commit("", func(t *state.Tx) error {
		own := c.ownPolicies(&t.Reader)
		for _, o := range own {
			if o.latest().Name == p.Name {
				return awserr.New(awserr.TrafficPolicyAlreadyExists, "A traffic policy with the name %s already exists.", p.Name)
			}
		}
		if len(own) >= c.config.Quotas.TrafficPolicies {
			return awserr.New(awserr.TooManyTrafficPolicies, "Limits Exceeded: MAX_TRAFFIC_POLICIES_BY_OWNER - Cannot create more traffic policies than %d.", c.config.Quotas.TrafficPolicies)
		}
		return t.Put(p)
	})
	if err != nil {
		return nil, err
	}
	return policyCreated(p), nil
}

func policyCreated(p *model.TrafficPolicy) created {
	return created{"trafficpolicy/" + p.ID + "/" + strconv.FormatInt(p.Version, 10), trafficPolicyResponse{policyShape(p)}}
}

// versions are those of one policy, in order; there is at least one.
type versions []*model.TrafficPolicy

func (v versions) latest() *model.TrafficPolicy { return v[len(v)-1] }

// used returns the highest version that there ever was.
func (v versions) used() int64 {
	n := int64(0)
	for _, p := range v {
		n = max(n, p.Version, p.Latest)
	}
	return n
}

// ownPolicies returns the caller's policies in the order of ids.
func (c *call) ownPolicies(rd *state.Reader) []versions {
	var out []versions
	rd.Range(model.TableTrafficPolicies, "", "", func(v model.Value, _ state.Version) bool {
		p := v.(*model.TrafficPolicy)
		switch {
		case p.Account != c.account:
		case len(out) > 0 && out[len(out)-1][0].ID == p.ID:
			out[len(out)-1] = append(out[len(out)-1], p)
		default:
			out = append(out, versions{p})
		}
		return true
	})
	return out
}

// noSuchPolicy is the error of an id or version that is not there.
func noSuchPolicy() error {
	return awserr.New(awserr.NoSuchTrafficPolicy, "No traffic policy exists with the specified ID.")
}

// policyVersions returns the versions of the caller's policy with an id.
func (c *call) policyVersions(rd *state.Reader, id string) (versions, error) {
	var out versions
	rd.Range(model.TableTrafficPolicies, model.TrafficPolicyPrefix(id), "", func(v model.Value, _ state.Version) bool {
		if p := v.(*model.TrafficPolicy); p.Account == c.account {
			out = append(out, p)
		}
		return true
	})
	if len(out) == 0 {
		return nil, noSuchPolicy()
	}
	return out, nil
}

// policyVersion returns one version of the caller's policy.
func (c *call) policyVersion(rd *state.Reader, id string, version int64) (*model.TrafficPolicy, error) {
	v, ok := rd.Get(model.TableTrafficPolicies, model.TrafficPolicyKey(id, version))
	if !ok || v.(*model.TrafficPolicy).Account != c.account {
		return nil, noSuchPolicy()
	}
	return v.(*model.TrafficPolicy), nil
}

// pathVersion returns the version in the path or query.
func parseVersion(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 || n > model.MaxPolicyVersions {
		return 0, invalid("1 validation error detected: Value '%.64s' at 'version' failed to satisfy constraint: Member must be a number in [1, %d]", s, model.MaxPolicyVersions)
	}
	return n, nil
}

type createTrafficPolicyVersionRequest struct {
	Document string  `xml:"Document" aws:"required,max=102400"`
	Comment  *string `xml:"Comment" aws:"max=1024"`
}

func createTrafficPolicyVersion(c *call) (any, error) {
	var req createTrafficPolicyVersionRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	d, err := parsePolicy(req.Document)
	if err != nil {
		return nil, err
	}
	var p *model.TrafficPolicy
	_, err = c.commit("", func(t *state.Tx) error {
		all, err := c.policyVersions(&t.Reader, c.params["Id"])
		if err != nil {
			return err
		}
		n := all.used() + 1
		switch {
		case n > int64(c.config.Quotas.PolicyVersions):
			return awserr.New(awserr.TooManyTrafficPolicyVersions, "The traffic policy has %d versions, which is as many as it may have.", n-1)
		case d.Type != all.latest().Type:
			return awserr.New(awserr.InvalidTrafficPolicyDocument, "[RecordType: %q, and the other versions of the policy have %q]", d.Type, all.latest().Type)
		}
		p = &model.TrafficPolicy{
			ID: all[0].ID, Version: n, Latest: n, Account: c.account, Name: all[0].Name, Type: d.Type, Document: req.Document, Comment: value(req.Comment),
		}
		return t.Put(p)
	})
	if err != nil {
		return nil, err
	}
	return policyCreated(p), nil
}

func getTrafficPolicy(c *call) (any, error) {
	version, err := parseVersion(c.params["Version"])
	if err != nil {
		return nil, err
	}
	var res trafficPolicyResponse
	return &res, c.view(func(rd *state.Reader) error {
		p, err := c.policyVersion(rd, c.params["Id"], version)
		if err == nil {
			res.TrafficPolicy = policyShape(p)
		}
		return err
	})
}

type updateTrafficPolicyCommentRequest struct {
	Comment string `xml:"Comment" aws:"required,max=1024"`
}

func updateTrafficPolicyComment(c *call) (any, error) {
	var req updateTrafficPolicyCommentRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	version, err := parseVersion(c.params["Version"])
	if err != nil {
		return nil, err
	}
	var res trafficPolicyResponse
	_, err = c.commit("", func(t *state.Tx) error {
		p, err := c.policyVersion(&t.Reader, c.params["Id"], version)
		if err != nil {
			return err
		}
		changed := *p
		changed.Comment = req.Comment
		res.TrafficPolicy = policyShape(&changed)
		return t.Put(&changed)
	})
	return res, err
}

// deleteTrafficPolicy removes a version that no instance uses. The last one
// takes the policy along; before, a remaining one keeps in mind which numbers
// were given.
func deleteTrafficPolicy(c *call) (any, error) {
	version, err := parseVersion(c.params["Version"])
	if err != nil {
		return nil, err
	}
	_, err = c.commit("", func(t *state.Tx) error {
		p, err := c.policyVersion(&t.Reader, c.params["Id"], version)
		if err != nil {
			return err
		}
		for _, i := range c.ownInstances(&t.Reader) {
			if i.Policy == p.ID && i.Version == p.Version {
				return awserr.New(awserr.TrafficPolicyInUse, "The traffic policy version is in use by the traffic policy instance %s.", i.ID)
			}
		}
		all, err := c.policyVersions(&t.Reader, p.ID)
		if err != nil {
			return err
		}
		t.Delete(model.TableTrafficPolicies, p.Key())
		for _, o := range all {
			if o != p && o.Latest < all.used() {
				kept := *o
				kept.Latest = all.used()
				return t.Put(&kept)
			}
		}
		return nil
	})
	return empty{}, err
}

type trafficPolicySummary struct {
	Id                 string `xml:"Id"`
	Name               string `xml:"Name"`
	Type               string `xml:"Type"`
	LatestVersion      int64  `xml:"LatestVersion"`
	TrafficPolicyCount int    `xml:"TrafficPolicyCount"`
}

type listTrafficPoliciesResponse struct {
	TrafficPolicySummaries trafficPolicySummaries `xml:"TrafficPolicySummaries"`
	IsTruncated            bool                   `xml:"IsTruncated"`
	TrafficPolicyIdMarker  string                 `xml:"TrafficPolicyIdMarker"`
	MaxItems               string                 `xml:"MaxItems"`
}

type trafficPolicySummaries struct {
	TrafficPolicySummary []trafficPolicySummary `xml:"TrafficPolicySummary"`
}

func listTrafficPolicies(c *call) (any, error) {
	size, err := c.pageSize("maxitems", 100, 100)
	if err != nil {
		return nil, err
	}
	marker, _ := c.param("trafficpolicyid")
	res := listTrafficPoliciesResponse{MaxItems: strconv.Itoa(size)}
	return &res, c.view(func(rd *state.Reader) error {
		now, next := page(c.ownPolicies(rd), size, func(v versions) bool { return v[0].ID >= marker })
		for _, v := range now {
			l := v.latest()
			res.TrafficPolicySummaries.TrafficPolicySummary = append(res.TrafficPolicySummaries.TrafficPolicySummary,
				trafficPolicySummary{l.ID, l.Name, l.Type, l.Version, len(v)})
		}
		if next != nil {
			res.IsTruncated, res.TrafficPolicyIdMarker = true, (*next)[0].ID
		}
		return nil
	})
}

type listTrafficPolicyVersionsResponse struct {
	TrafficPolicies            trafficPolicies `xml:"TrafficPolicies"`
	IsTruncated                bool            `xml:"IsTruncated"`
	TrafficPolicyVersionMarker string          `xml:"TrafficPolicyVersionMarker"`
	MaxItems                   string          `xml:"MaxItems"`
}

type trafficPolicies struct {
	TrafficPolicy []trafficPolicy `xml:"TrafficPolicy"`
}

func listTrafficPolicyVersions(c *call) (any, error) {
	size, err := c.pageSize("maxitems", 100, 100)
	if err != nil {
		return nil, err
	}
	from := int64(1)
	if marker, _ := c.param("trafficpolicyversion"); marker != "" {
		if from, err = parseVersion(marker); err != nil {
			return nil, err
		}
	}
	res := listTrafficPolicyVersionsResponse{MaxItems: strconv.Itoa(size)}
	return &res, c.view(func(rd *state.Reader) error {
		all, err := c.policyVersions(rd, c.params["Id"])
		if err != nil {
			return err
		}
		now, next := page(all, size, func(p *model.TrafficPolicy) bool { return p.Version >= from })
		for _, p := range now {
			res.TrafficPolicies.TrafficPolicy = append(res.TrafficPolicies.TrafficPolicy, policyShape(p))
		}
		if next != nil {
			res.IsTruncated, res.TrafficPolicyVersionMarker = true, strconv.FormatInt((*next).Version, 10)
		}
		return nil
	})
}
