package cloudmap

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/model"
)

var attributeOperations = map[string]func(c *call) (any, error){
	"DeleteServiceAttributes": deleteServiceAttributes,
	"GetServiceAttributes":    getServiceAttributes,
	"UpdateServiceAttributes": updateServiceAttributes,
}

// maxServiceAttributes is how many attributes a service may have.
const maxServiceAttributes = 30

type serviceRequest struct {
	ServiceId string `json:"ServiceId" aws:"required,max=255"`
}

type serviceAttributes struct {
	ServiceArn    string            `json:"ServiceArn"`
	ResourceOwner string            `json:"ResourceOwner"`
	Attributes    map[string]string `json:"Attributes"`
}

type serviceAttributesAnswer struct {
	ServiceAttributes serviceAttributes `json:"ServiceAttributes"`
}

func getServiceAttributes(c *call) (any, error) {
	var req serviceRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	var res serviceAttributesAnswer
	err := c.view(func(rd *state.Reader) error {
		s, err := c.service(rd, req.ServiceId)
		if err != nil {
			return err
		}
		res.ServiceAttributes = serviceAttributes{s.ARN(), s.Account, map[string]string{}}
		rd.Range(model.TableServiceAttributes, model.ServiceAttributePrefix(s.ID), "", func(v model.Value, _ state.Version) bool {
			a := v.(*model.ServiceAttribute)
			res.ServiceAttributes.Attributes[a.Name] = a.Text
			return true
		})
		return nil
	})
	return res, err
}

type updateServiceAttributesRequest struct {
	ServiceId  string            `json:"ServiceId" aws:"required,max=255"`
	Attributes map[string]string `json:"Attributes" aws:"required,min=1,max=30" each:"max=1024"`
}

// updateServiceAttributes adds attributes or replaces those of the same names.
func updateServiceAttributes(c *call) (any, error) {
	var req updateServiceAttributesRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	for _, k := range sorted(req.Attributes) {
		if n := utf8.RuneCountInString(k); n < 1 || n > 255 || strings.Contains(k, "\x00") {
			return nil, constraint("attributes", k, "have keys of a length in [1, 255]")
		}
	}
	return empty{}, c.commit(func(t *state.Tx) error {
		s, err := c.service(&t.Reader, req.ServiceId)
		if err != nil {
			return err
		}
		var errs []error
		for k, v := range req.Attributes {
			errs = append(errs, t.Put(&model.ServiceAttribute{Service: s.ID, Name: k, Text: v}))
		}
		if t.Count(model.TableServiceAttributes, model.ServiceAttributePrefix(s.ID), 0) > maxServiceAttributes {
			return awserr.New(awserr.ServiceAttributesExceeded, "A service cannot have more attributes than %d.", maxServiceAttributes)
		}
		return errors.Join(errs...)
	})
}

type deleteServiceAttributesRequest struct {
	ServiceId  string   `json:"ServiceId" aws:"required,max=255"`
	Attributes []string `json:"Attributes" aws:"required,min=1,max=30" each:"max=255"`
}

func deleteServiceAttributes(c *call) (any, error) {
	var req deleteServiceAttributesRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	return empty{}, c.commit(func(t *state.Tx) error {
		s, err := c.service(&t.Reader, req.ServiceId)
		if err != nil {
			return err
		}
		for _, k := range req.Attributes {
			t.Delete(model.TableServiceAttributes, model.ServiceAttributePrefix(s.ID)+k)
		}
		return nil
	})
}
