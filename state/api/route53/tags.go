package route53

import (
	"errors"
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/model"
)

var tagOperations = []*operation{
	{name: "ListTagsForResource", method: "GET", path: "tags/{ResourceType}/{ResourceId}", run: listTagsForResource},
	{name: "ChangeTagsForResource", method: "POST", path: "tags/{ResourceType}/{ResourceId}", run: changeTagsForResource},
	{name: "ListTagsForResources", method: "POST", path: "tags/{ResourceType}", run: listTagsForResources},
}

type tag struct {
	Key   string `xml:"Key" aws:"max=128"`
	Value string `xml:"Value" aws:"max=256"`
}

type tagList struct {
	Tag []tag `xml:"Tag" aws:"min=1,max=50"`
}

type tagKeys struct {
	Key []string `xml:"Key" aws:"min=1,max=50"`
}

type resourceTagSet struct {
	ResourceType string     `xml:"ResourceType"`
	ResourceId   string     `xml:"ResourceId"`
	Tags         tagListOut `xml:"Tags"`
}

type tagListOut struct {
	Tag []tag `xml:"Tag"`
}

type changeTagsForResourceRequest struct {
	AddTags       *tagList `xml:"AddTags"`
	RemoveTagKeys *tagKeys `xml:"RemoveTagKeys"`
}

// tagged returns an error unless the caller has the resource.
func (c *call) tagged(rd *state.Reader, kind, id string) error {
	switch kind {
	case model.TaggedZone:
		_, err := c.zone(rd, id)
		return err
	case model.TaggedHealthCheck:
		_, err := c.healthCheck(rd, id)
		return err
	}
	return invalid("1 validation error detected: Value '%.64s' at 'resourceType' failed to satisfy constraint: Member must satisfy enum value set: [healthcheck, hostedzone]", kind)
}

func changeTagsForResource(c *call) (any, error) {
	var req changeTagsForResourceRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	if req.AddTags == nil && req.RemoveTagKeys == nil {
		return nil, invalid("Invalid request: Expected at least one of [AddTags, or RemoveTagKeys], but found none")
	}
	kind, id := c.params["ResourceType"], c.params["ResourceId"]
	_, err := c.commit("", func(t *state.Tx) error {
		if err := c.tagged(&t.Reader, kind, id); err != nil {
			return err
		}
		prefix := model.TagPrefix(kind, id)
		if req.RemoveTagKeys != nil {
			for _, k := range req.RemoveTagKeys.Key {
				t.Delete(model.TableTags, prefix+k)
			}
		}
		if err := putTags(t, kind, id, req.AddTags); err != nil {
			return err
		}
		if t.Count(model.TableTags, prefix, 0) > model.MaxTags {
			return invalid("Number of tags of the resource %s exceeds the limit of %d.", id, model.MaxTags)
		}
		return nil
	})
	return empty{}, err
}

func putTags(t *state.Tx, kind, id string, tags *tagList) error {
	if tags == nil {
		return nil
	}
	seen := make(map[string]bool)
	for _, tg := range tags.Tag {
		if seen[tg.Key] {
			return invalid("The tag key %s stands twice in the request.", tg.Key)
		}
		seen[tg.Key] = true
		v := &model.Tag{Kind: kind, Resource: id, Name: tg.Key, Text: tg.Value}
		if err := v.Validate(); err != nil {
			return invalid("%s", strings.Join(texts(err), ", "))
		}
		if err := t.Put(v); err != nil {
			return err
		}
	}
	return nil
}

// texts returns the texts of joined errors, one by one.
func texts(err error) []string {
	var out []string
	for _, e := range leaves(err) {
		out = append(out, e.Error())
	}
	return out
}

// leaves returns the errors that [errors.Join] has put together.
func leaves(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var out []error
	for _, e := range joined.Unwrap() {
		out = append(out, leaves(e)...)
	}
	return out
}

func tagsOf(rd *state.Reader, kind, id string) resourceTagSet {
	set := resourceTagSet{ResourceType: kind, ResourceId: id}
	rd.Range(model.TableTags, model.TagPrefix(kind, id), "", func(v model.Value, _ state.Version) bool {
		t := v.(*model.Tag)
		set.Tags.Tag = append(set.Tags.Tag, tag{t.Name, t.Text})
		return true
	})
	return set
}

type listTagsForResourceResponse struct {
	ResourceTagSet resourceTagSet `xml:"ResourceTagSet"`
}

func listTagsForResource(c *call) (any, error) {
	var res listTagsForResourceResponse
	kind, id := c.params["ResourceType"], c.params["ResourceId"]
	err := c.view(func(rd *state.Reader) error {
		res.ResourceTagSet = tagsOf(rd, kind, id)
		return c.tagged(rd, kind, id)
	})
	return res, err
}

type listTagsForResourcesRequest struct {
	ResourceIds resourceIDs `xml:"ResourceIds" aws:"required"`
}

type resourceIDs struct {
	ResourceId []string `xml:"ResourceId" aws:"min=1,max=10"`
}

type listTagsForResourcesResponse struct {
	ResourceTagSets resourceTagSets `xml:"ResourceTagSets"`
}

type resourceTagSets struct {
	ResourceTagSet []resourceTagSet `xml:"ResourceTagSet"`
}

func listTagsForResources(c *call) (any, error) {
	var req listTagsForResourcesRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	var res listTagsForResourcesResponse
	kind := c.params["ResourceType"]
	err := c.view(func(rd *state.Reader) error {
		var errs []error
		for _, id := range req.ResourceIds.ResourceId {
			id = bare(id)
			errs = append(errs, c.tagged(rd, kind, id))
			res.ResourceTagSets.ResourceTagSet = append(res.ResourceTagSets.ResourceTagSet, tagsOf(rd, kind, id))
		}
		return errors.Join(errs...)
	})
	return res, err
}

// healthCheck returns the caller's health check with an id.
func (c *call) healthCheck(rd *state.Reader, id string) (*model.HealthCheck, error) {
	v, ok := rd.Get(model.TableHealthChecks, bare(id))
	if !ok || v.(*model.HealthCheck).Account != c.account {
		return nil, awserr.New(awserr.NoSuchHealthCheck, "A health check with id %.64s does not exist.", bare(id))
	}
	return v.(*model.HealthCheck), nil
}
