package cloudmap

import (
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/hostedzone"
	"github.com/edgestage/edgestage/state/model"
)

var tagOperations = map[string]func(c *call) (any, error){
	"ListTagsForResource": listTagsForResource,
	"TagResource":         tagResource,
	"UntagResource":       untagResource,
}

// maxTags is how many tags a resource may have (aws-behaviour 6.9).
const maxTags = 200

type tag struct {
	Key   string  `json:"Key" aws:"required,min=1,max=128"`
	Value *string `json:"Value" aws:"required,min=0,max=256"`
}

// putTags writes tags on a resource; they go with it.
func putTags(t *state.Tx, kind, resource string, tags []tag) error {
	for _, one := range tags {
		if strings.HasPrefix(strings.ToLower(one.Key), "aws:") {
			return invalid("The tag key %s begins with aws:, which is reserved for AWS.", one.Key)
		}
		if err := t.Put(&model.Tag{Kind: kind, Resource: resource, Name: one.Key, Text: *one.Value}); err != nil {
			return invalid("%v", err)
		}
	}
	if n := t.Count(model.TableTags, model.TagPrefix(kind, resource), 0); n > maxTags {
		e := awserr.New(awserr.TooManyTags, "The list of tags on the resource is over the limit. The maximum number of tags that can be applied to a resource is %d.", maxTags)
		e.Members = map[string]string{"ResourceName": resource}
		return e
	}
	return nil
}

// tagged returns kind and id of the caller's resource with an ARN.
func (c *call) tagged(rd *state.Reader, arn string) (kind, resource string, err error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "servicediscovery" {
		return "", "", invalid("The ARN %.255s is not that of a namespace or service.", arn)
	}
	kind, resource, _ = strings.Cut(parts[5], "/")
	switch {
	case parts[4] != c.account || parts[3] != c.region:
	case kind == model.TaggedNamespace:
		if _, err := c.namespace(rd, resource); err == nil {
			return kind, resource, nil
		}
	case kind == model.TaggedService:
		if _, err := c.service(rd, resource); err == nil {
			return kind, resource, nil
		}
	}
	return "", "", awserr.New(awserr.ResourceNotFound, "The resource %.255s can't be found.", arn)
}

type tagResourceRequest struct {
	ResourceARN string `json:"ResourceARN" aws:"required,min=1,max=1011"`
	Tags        []tag  `json:"Tags" aws:"required,max=200"`
}

func tagResource(c *call) (any, error) {
	var req tagResourceRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	return empty{}, c.commit(func(t *state.Tx) error {
		kind, resource, err := c.tagged(&t.Reader, req.ResourceARN)
		if err != nil {
			return err
		}
		return putTags(t, kind, resource, req.Tags)
	})
}

type untagResourceRequest struct {
	ResourceARN string   `json:"ResourceARN" aws:"required,min=1,max=1011"`
	TagKeys     []string `json:"TagKeys" aws:"required,max=200" each:"min=1,max=128"`
}

func untagResource(c *call) (any, error) {
	var req untagResourceRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	return empty{}, c.commit(func(t *state.Tx) error {
		kind, resource, err := c.tagged(&t.Reader, req.ResourceARN)
		if err != nil {
			return err
		}
		for _, key := range req.TagKeys {
			t.Delete(model.TableTags, model.TagPrefix(kind, resource)+key)
		}
		return nil
	})
}

type listTagsRequest struct {
	ResourceARN string `json:"ResourceARN" aws:"required,min=1,max=1011"`
}

type listTagsAnswer struct {
	Tags []tag `json:"Tags"`
}

func listTagsForResource(c *call) (any, error) {
	var req listTagsRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	res := listTagsAnswer{Tags: []tag{}}
	err := c.view(func(rd *state.Reader) error {
		kind, resource, err := c.tagged(rd, req.ResourceARN)
		if err != nil {
			return err
		}
		rd.Range(model.TableTags, model.TagPrefix(kind, resource), "", func(v model.Value, _ state.Version) bool {
			m := v.(*model.Tag)
			res.Tags = append(res.Tags, tag{m.Name, &m.Text})
			return true
		})
		return nil
	})
	return res, err
}

// removeTags deletes the tags of a resource.
func removeTags(t *state.Tx, kind, resource string) {
	hostedzone.DeletePrefix(t, model.TableTags, model.TagPrefix(kind, resource))
}
