package cloudfront

import (
	"net/http"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/model"
)

// checkMatch compares the request's If-Match with the version of d.
func (c *call) checkMatch(d *model.Distribution) error {
	switch c.ifMatch {
	case "":
		return awserr.New(awserr.InvalidIfMatchVersion, "The If-Match version is missing or not valid for the resource.")
	case d.ETag():
		return nil
	}
	return awserr.New(awserr.PreconditionFailed, "The precondition in one or more of the request-header fields evaluated to false.")
}

// speaker returns the row that the API has to write to change d: its own, made
// of the Caddyfile's where there is none yet.
func (c *call) speaker(d *distribution) *model.Distribution {
	row := *d.Distribution
	row.Declarer = ""
	row.Revision++
	row.Modified = c.config.Now().UTC().Truncate(time.Second)
	return &row
}

// current returns the caller's distribution that the path names, as the commit
// finds it: without its aliases, which no other than the API changes without
// changing the version.
func (c *call) current(t *state.Tx, d *distribution) error {
	var now distribution
	t.Range(model.TableDistributions, model.DistributionPrefix(d.ID), "", func(v model.Value, at state.Version) bool {
		now.add(v.(*model.Distribution), at)
		return true
	})
	if now.Distribution == nil {
		return noSuchDistribution()
	}
	return c.checkMatch(now.Distribution)
}

func updateDistribution(c *call) (response, error) {
	d, err := c.read()
	if err != nil {
		return response{}, err
	}
	if err := c.checkMatch(d.Distribution); err != nil {
		return response{}, err
	}
	n, err := parse(c.payload, "DistributionConfig")
	if err != nil {
		return response{}, err
	}
	config, err := readConfig(n)
	if err != nil {
		return response{}, err
	}
	if reference := d.members()[0].text; config.callerReference != reference {
		return response{}, awserr.New(awserr.IllegalUpdate, "The update contains modifications that are not allowed: CallerReference is %.64q, was %.64q.", config.callerReference, reference)
	}
	ch, err := d.difference(config.aliases)
	if err != nil {
		return response{}, err
	}
	row := c.speaker(d)
	config.set(row)
	if err := c.checkUpdate(d, row, config, ch); err != nil {
		return response{}, err
	}
	if err := c.prepare(row, ch); err != nil {
		return response{}, err
	}
	v, err := c.config.Replica.Commit(c.ctx, func(t *state.Tx) error {
		if err := c.current(t, d); err != nil {
			return err
		}
		if err := t.Put(row); err != nil {
			return err
		}
		return ch.apply(t, c, d)
	})
	if err != nil {
		return response{}, err
	}
	after := &distribution{Distribution: row, version: v, aliases: config.aliases}
	return response{status: http.StatusOK, etag: row.ETag(), body: c.shape(after)}, nil
}

// checkUpdate judges quota and certificate. Aliases that only a Caddyfile
// declares have their certificates there.
func (c *call) checkUpdate(d *distribution, row *model.Distribution, config *distributionConfig, ch *change) error {
	if len(config.aliases) > row.Quota() {
		return awserr.New(awserr.TooManyDistributionCNAMEs, "%s", tooManyAliases)
	}
	var covered []string
	for _, host := range config.aliases {
		if d.declared(host) == "" {
			covered = append(covered, host)
		}
	}
	unchanged := d.Viewer == config.viewer && len(ch.added) == 0
	return c.view(func(rd *state.Reader) error {
		err := checkCertificate(rd, c.account, config.viewer, covered, c.config.Now())
		if err != nil && unchanged {
			// A certificate that expired must not keep its distribution from
			// being disabled, or from giving names up.
			return nil
		}
		return err
	})
}

func deleteDistribution(c *call) (response, error) {
	d, err := c.read()
	if err != nil {
		return response{}, err
	}
	if err := c.checkMatch(d.Distribution); err != nil {
		return response{}, err
	}
	if d.Enabled {
		return response{}, awserr.New(awserr.DistributionNotDisabled, "The distribution you are trying to delete has not been disabled.")
	}
	if len(d.declarers) > 0 {
		return response{}, awserr.New(awserr.ResourceInUse, "Cannot delete this resource because it is in use: it is declared by the configurations of the edges %q.", d.declarers)
	}
	ch := &change{removed: d.claims}
	if err := c.release(ch); err != nil {
		return response{}, err
	}
	_, err = c.config.Replica.Commit(c.ctx, func(t *state.Tx) error {
		if err := c.current(t, d); err != nil {
			return err
		}
		if err := ch.apply(t, c, d); err != nil {
			return err
		}
		removeTags(t, d.ID)
		t.Delete(model.TableDistributions, d.Key())
		return nil
	})
	return response{status: http.StatusNoContent}, err
}
