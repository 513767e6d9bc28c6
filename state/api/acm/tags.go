package acm

import (
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/model"
)

type tag struct {
	Key   string  `json:"Key" aws:"required,min=1,max=128" pattern:"[\\p{L}\\p{Z}\\p{N}_.:\\/=+\\-@]*"`
	Value *string `json:"Value,omitempty" aws:"max=256" pattern:"[\\p{L}\\p{Z}\\p{N}_.:\\/=+\\-@]*"`
}

type tagsRequest struct {
	arnRequest
	Tags []tag `json:"Tags" aws:"required,min=1"`
}

// decodeTags reads a request that adds or removes tags.
func (c *call) decodeTags() (*tagsRequest, error) {
	req := new(tagsRequest)
	err := c.decode(&req.arnRequest)
	if err == nil {
		err = c.decode(req)
	}
	return req, err
}

// addTagsToCertificate adds tags, or gives them another value. Each is a row of
// its own: two who tag at once lose nothing.
func addTagsToCertificate(c *call) (any, error) {
	req, err := c.decodeTags()
	if err != nil {
		return nil, err
	}
	return nil, c.addTags(req.CertificateArn, req.Tags)
}

func (c *call) addTags(arn string, tags []tag) error {
	return c.commit(func(t *state.Tx) error {
		s, err := c.certificate(&t.Reader, arn)
		if err != nil {
			return err
		}
		return c.putTags(t, s.ID(), tags)
	})
}

// putTags tags the certificate with a UUID.
func (c *call) putTags(t *state.Tx, id string, tags []tag) error {
	seen := make(map[string]bool)
	for _, one := range tags {
		switch {
		case strings.HasPrefix(strings.ToLower(one.Key), "aws:"):
			return awserr.New(awserr.InvalidCertificateTag, "aws: prefixed tag key names are not allowed for external use.")
		case seen[one.Key]:
			return awserr.New(awserr.InvalidCertificateTag, "The tag key %s stands twice in the request.", one.Key)
		}
		seen[one.Key] = true
		v := &model.Tag{Kind: model.TaggedCertificate, Resource: id, Name: one.Key}
		if one.Value != nil {
			v.Text = *one.Value
		}
		if err := t.Put(v); err != nil {
			return awserr.New(awserr.InvalidCertificateTag, "%s", err)
		}
	}
	if n := t.Count(model.TableTags, model.TagPrefix(model.TaggedCertificate, id), 0); n > model.MaxTags {
		return awserr.New(awserr.TooManyCertificateTags, "the TagSet: '%d tags' contains too many Tags, at most %d are allowed", n, model.MaxTags)
	}
	return nil
}

// removeTagsFromCertificate removes tags: one that is given with a value only
// if it has that value.
func removeTagsFromCertificate(c *call) (any, error) {
	req, err := c.decodeTags()
	if err != nil {
		return nil, err
	}
	return nil, c.removeTags(req.CertificateArn, req.Tags)
}

func (c *call) removeTags(arn string, tags []tag) error {
	return c.commit(func(t *state.Tx) error {
		s, err := c.certificate(&t.Reader, arn)
		if err != nil {
			return err
		}
		for _, one := range tags {
			key := model.TagPrefix(model.TaggedCertificate, s.ID()) + one.Key
			if v, ok := t.Get(model.TableTags, key); ok && (one.Value == nil || *one.Value == v.(*model.Tag).Text) {
				t.Delete(model.TableTags, key)
			}
		}
		return nil
	})
}

type listTagsResponse struct {
	Tags []tag `json:"Tags"`
}

func listTagsForCertificate(c *call) (any, error) {
	var req arnRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	return c.tagsOf(req.CertificateArn)
}

func (c *call) tagsOf(arn string) (any, error) {
	res := listTagsResponse{Tags: []tag{}}
	err := c.view(func(rd *state.Reader) error {
		s, err := c.certificate(rd, arn)
		if err != nil {
			return err
		}
		rd.Range(model.TableTags, model.TagPrefix(model.TaggedCertificate, s.ID()), "", func(v model.Value, _ state.Version) bool {
			t := v.(*model.Tag)
			res.Tags = append(res.Tags, tag{t.Name, &t.Text})
			return true
		})
		return nil
	})
	return res, err
}

// The generic operations on tags, which name what they tag by ResourceArn.

type resourceRequest struct {
	ResourceArn string `json:"ResourceArn" aws:"required,min=20,max=2048"`
}

type untagResourceRequest struct {
	resourceRequest
	TagKeys []string `json:"TagKeys" aws:"required,min=1" each:"min=1,max=128"`
}

type tagResourceRequest struct {
	resourceRequest
	Tags []tag `json:"Tags" aws:"required,min=1"`
}

func listTagsForResource(c *call) (any, error) {
	var req resourceRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	return c.tagsOf(req.ResourceArn)
}

func tagResource(c *call) (any, error) {
	var req tagResourceRequest
	if err := c.decode(&req.resourceRequest); err != nil {
		return nil, err
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	return nil, c.addTags(req.ResourceArn, req.Tags)
}

func untagResource(c *call) (any, error) {
	var req untagResourceRequest
	if err := c.decode(&req.resourceRequest); err != nil {
		return nil, err
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	var tags []tag
	for _, key := range req.TagKeys {
		tags = append(tags, tag{Key: key})
	}
	return nil, c.removeTags(req.ResourceArn, tags)
}
