package cloudfront

import (
	"bytes"
	"net/http"
	"strconv"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/model"
)

// settled is the age after which a change counts as seen by all nodes without
// asking them.
const settled = time.Minute

// status returns Deployed once every node that serves has the distribution's
// newest row.
func (c *call) status(d *distribution) string {
	if c.config.Now().Sub(d.version.Stamp.Time()) > settled {
		return "Deployed"
	}
	if ok, err := c.config.Replica.InSync(c.ctx, d.version); ok && err == nil {
		return "Deployed"
	}
	return "InProgress"
}

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// shape returns a Distribution.
func (c *call) shape(d *distribution) *node {
	return tree("Distribution",
		leaf("Id", d.ID), leaf("ARN", d.ARN()), leaf("Status", c.status(d)), leaf("LastModifiedTime", timestamp(d.Modified)),
		leaf("InProgressInvalidationBatches", 0), leaf("DomainName", d.DomainName),
		tree("ActiveTrustedSigners", leaf("Enabled", false), leaf("Quantity", 0)),
		tree("ActiveTrustedKeyGroups", leaf("Enabled", false), leaf("Quantity", 0)),
		tree("DistributionConfig", d.members()...))
}

// read returns the caller's distribution that the path names.
func (c *call) read() (d *distribution, err error) {
	verr := c.view(func(rd *state.Reader) error {
		d, err = c.distribution(rd, c.params["Id"])
		return err
	})
	return d, verr
}

func getDistribution(c *call) (response, error) {
	d, err := c.read()
	if err != nil {
		return response{}, err
	}
	return response{status: http.StatusOK, etag: d.ETag(), body: c.shape(d)}, nil
}

func getDistributionConfig(c *call) (response, error) {
	d, err := c.read()
	if err != nil {
		return response{}, err
	}
	return response{status: http.StatusOK, etag: d.ETag(), body: tree("DistributionConfig", d.members()...)}, nil
}

// page returns the size of a page that the request asks for, in [1, 100].
func (c *call) page() (int, error) {
	text := c.param("MaxItems")
	if text == "" {
		return 100, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 100 {
		return 0, awserr.New(awserr.InvalidArgument, "The parameter MaxItems is %.32q, want a number in [1, 100].", text)
	}
	return n, nil
}

func listDistributions(c *call) (response, error) {
	size, err := c.page()
	if err != nil {
		return response{}, err
	}
	var all []*distribution
	if err := c.view(func(rd *state.Reader) error { all = c.distributions(rd); return nil }); err != nil {
		return response{}, err
	}
	marker := c.param("Marker")
	for len(all) > 0 && all[0].ID <= marker {
		all = all[1:]
	}
	more := len(all) > size
	if more {
		all = all[:size]
	}
	var summaries []*node
	for _, d := range all {
		summaries = append(summaries, c.summary(d))
	}
	list := tree("DistributionList", leaf("Marker", marker), leaf("MaxItems", size), leaf("IsTruncated", more))
	if more {
		list.kids = append(list.kids, leaf("NextMarker", all[len(all)-1].ID))
	}
	list.kids = append(list.kids, items("", summaries).kids...)
	return ok(list), nil
}

// summary returns a DistributionSummary.
func (c *call) summary(d *distribution) *node {
	n := tree("DistributionSummary", leaf("Id", d.ID), leaf("ARN", d.ARN()), leaf("ETag", d.ETag()), leaf("Status", c.status(d)),
		leaf("LastModifiedTime", timestamp(d.Modified)), leaf("DomainName", d.DomainName))
	for _, m := range d.members() {
		switch m.name {
		case "CallerReference", "DefaultRootObject", "Logging", "ContinuousDeploymentPolicyId":
		default:
			n.kids = append(n.kids, m)
		}
	}
	return n
}

func createDistribution(c *call) (response, error) {
	n, err := parse(c.payload, "DistributionConfig")
	if err != nil {
		return response{}, err
	}
	return c.create(n, nil)
}

func createDistributionWithTags(c *call) (response, error) {
	n, err := parse(c.payload, "DistributionConfigWithTags")
	if err != nil {
		return response{}, err
	}
	if n.kid("DistributionConfig") == nil {
		return response{}, missing("DistributionConfig")
	}
	tags, err := readTags(n.kid("Tags"))
	if err != nil {
		return response{}, err
	}
	return c.create(n.kid("DistributionConfig"), tags)
}

// create makes a distribution. The same request again finds it made.
func (c *call) create(n *node, tags []tag) (response, error) {
	config, err := readConfig(n)
	if err != nil {
		return response{}, err
	}
	d := &distribution{Distribution: model.NewDistribution(c.account, config.callerReference)}
	config.set(d.Distribution)
	d.Modified, d.Since = c.config.Now().UTC().Truncate(time.Second), c.now()
	if again, err := c.createdBefore(d, config); again != nil || err != nil {
		return c.made(again, err)
	}
	ch := &change{added: config.aliases}
	if err := c.checkAliases(d.Distribution, config); err != nil {
		return response{}, err
	}
	if err := c.prepare(d.Distribution, ch); err != nil {
		return response{}, err
	}
	v, err := c.config.Replica.Commit(c.ctx, func(t *state.Tx) error {
		if _, ok := t.Get(model.TableDistributions, d.Key()); ok {
			return distributionExists()
		}
		if c.count(&t.Reader) >= MaxDistributions {
			return awserr.New(awserr.TooManyDistributions, "Processing your request would cause you to exceed the maximum number of distributions allowed.")
		}
		if err := checkCertificate(&t.Reader, c.account, d.Viewer, config.aliases, c.config.Now()); err != nil {
			return err
		}
		if err := t.Put(d.Distribution); err != nil {
			return err
		}
		if err := putTags(t, d.ID, tags); err != nil {
			return err
		}
		return ch.apply(t, c, d)
	})
	if err != nil {
		return response{}, err
	}
	d.version, d.aliases = v, config.aliases
	return c.made(d, nil)
}

// set writes what a configuration says into a row.
func (g *distributionConfig) set(d *model.Distribution) {
	d.Comment, d.Enabled, d.Viewer, d.Config = g.comment, g.enabled, g.viewer, g.rest
}

// made answers a creation.
func (c *call) made(d *distribution, err error) (response, error) {
	if err != nil {
		return response{}, err
	}
	return response{status: http.StatusCreated, etag: d.ETag(), location: "distribution/" + d.ID, body: c.shape(d)}, nil
}

func distributionExists() error {
	return awserr.New(awserr.DistributionAlreadyExists, "The caller reference you attempted to create the distribution with is associated with another distribution.")
}

// createdBefore returns the distribution that the same request has made before,
// nil if none has, and an error if another has with its reference.
func (c *call) createdBefore(d *distribution, config *distributionConfig) (*distribution, error) {
	var old *distribution
	if err := c.view(func(rd *state.Reader) error {
		if _, ok := rd.Get(model.TableDistributions, d.Key()); !ok {
			return nil
		}
		var err error
		old, err = c.distribution(rd, d.ID)
		return err
	}); old == nil || err != nil {
		return nil, err
	}
	same := old.Comment == d.Comment && old.Enabled == d.Enabled && old.Viewer == d.Viewer && bytes.Equal(old.Config, d.Config)
	if ch, err := old.difference(config.aliases); !same || err != nil || len(ch.added)+len(ch.removed) > 0 {
		return nil, distributionExists()
	}
	return old, nil
}

// count returns how many distributions the caller has made.
func (c *call) count(rd *state.Reader) int {
	n := 0
	rd.Range(model.TableDistributions, "", "", func(v model.Value, _ state.Version) bool {
		if d := v.(*model.Distribution); d.Account == c.account && d.Declarer == "" {
			n++
		}
		return true
	})
	return n
}

// checkAliases judges the aliases and the certificate of a configuration before
// anything is looked up (aws-behaviour 9.2 rules 9, 2 and 3).
func (c *call) checkAliases(d *model.Distribution, config *distributionConfig) error {
	if len(config.aliases) > d.Quota() {
		return awserr.New(awserr.TooManyDistributionCNAMEs, "%s", tooManyAliases)
	}
	return c.view(func(rd *state.Reader) error {
		return checkCertificate(rd, c.account, config.viewer, config.aliases, c.config.Now())
	})
}
