package cloudfront

import (
	"net/http"
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/model"
)

type tag struct{ key, value string }

func invalidTagging(format string, args ...any) error {
	return awserr.New(awserr.InvalidTagging, format, args...)
}

// readTags reads a list of tags, which may be missing.
func readTags(n *node) ([]tag, error) {
	var tags []tag
	seen := make(map[string]bool)
	for _, item := range list(n) {
		t := tag{item.value("Key"), item.value("Value")}
		if seen[t.key] {
			return nil, invalidTagging("The tag key %.128q stands twice in the request.", t.key)
		}
		seen[t.key] = true
		tags = append(tags, t)
	}
	return tags, nil
}

// putTags writes tags of a distribution.
func putTags(t *state.Tx, id string, tags []tag) error {
	for _, tg := range tags {
		row := &model.Tag{Kind: model.TaggedDistribution, Resource: id, Name: tg.key, Text: tg.value}
		if err := row.Validate(); err != nil {
			return invalidTagging("%s", strings.ReplaceAll(err.Error(), "\n", ", "))
		}
		if err := t.Put(row); err != nil {
			return err
		}
	}
	if n := t.Count(model.TableTags, model.TagPrefix(model.TaggedDistribution, id), 0); n > model.MaxTags {
		return invalidTagging("The distribution would have %d tags, at most %d are allowed.", n, model.MaxTags)
	}
	return nil
}

// removeTags removes all tags of a distribution.
func removeTags(t *state.Tx, id string) {
	for _, key := range tagKeys(&t.Reader, id) {
		t.Delete(model.TableTags, key)
	}
}

func tagKeys(rd *state.Reader, id string) []string {
	var keys []string
	rd.Range(model.TableTags, model.TagPrefix(model.TaggedDistribution, id), "", func(v model.Value, _ state.Version) bool {
		keys = append(keys, v.Key())
		return true
	})
	return keys
}

// tagged returns the id of the caller's distribution whose ARN the request
// gives.
func (c *call) tagged(rd *state.Reader) (string, error) {
	arn := c.param("Resource")
	_, id, _ := strings.Cut(arn, ":distribution/")
	if arn != model.DistributionARN(c.account, id) || !model.ValidDistributionID(id) {
		return "", awserr.New(awserr.NoSuchResource, "The specified resource does not exist.")
	}
	found := false
	rd.Range(model.TableDistributions, model.DistributionPrefix(id), "", func(v model.Value, _ state.Version) bool {
		found = v.(*model.Distribution).Account == c.account
		return false
	})
	if !found {
		return "", awserr.New(awserr.NoSuchResource, "The specified resource does not exist.")
	}
	return id, nil
}

func tagResource(c *call) (response, error) {
	n, err := parse(c.payload, "Tags")
	if err != nil {
		return response{}, err
	}
	tags, err := readTags(n)
	if err != nil {
		return response{}, err
	}
	_, err = c.config.Replica.Commit(c.ctx, func(t *state.Tx) error {
		id, err := c.tagged(&t.Reader)
		if err != nil {
			return err
		}
		return putTags(t, id, tags)
	})
	return response{status: http.StatusNoContent}, err
}

func untagResource(c *call) (response, error) {
	n, err := parse(c.payload, "TagKeys")
	if err != nil {
		return response{}, err
	}
	_, err = c.config.Replica.Commit(c.ctx, func(t *state.Tx) error {
		id, err := c.tagged(&t.Reader)
		if err != nil {
			return err
		}
		for _, key := range list(n) {
			t.Delete(model.TableTags, model.TagPrefix(model.TaggedDistribution, id)+key.text)
		}
		return nil
	})
	return response{status: http.StatusNoContent}, err
}

func listTagsForResource(c *call) (response, error) {
	var out []*node
	err := c.view(func(rd *state.Reader) error {
		id, err := c.tagged(rd)
		if err != nil {
			return err
		}
		rd.Range(model.TableTags, model.TagPrefix(model.TaggedDistribution, id), "", func(v model.Value, _ state.Version) bool {
			t := v.(*model.Tag)
			out = append(out, tree("Tag", leaf("Key", t.Name), leaf("Value", t.Text)))
			return true
		})
		return nil
	})
	if len(out) == 0 {
		return ok(tree("Tags", tree("Items"))), err
	}
	return ok(tree("Tags", tree("Items", out...))), err
}
