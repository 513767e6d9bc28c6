package cloudmap

import (
	"errors"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/hostedzone"
	"github.com/edgestage/edgestage/state/api/registry"
	"github.com/edgestage/edgestage/state/model"
)

// deleteNamespace removes a namespace without services, and its hosted zone.
func deleteNamespace(c *call) (any, error) {
	var req byID
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	op := c.newOperation(model.OperationDeleteNamespace, req.Id)
	err := c.commit(func(t *state.Tx) error {
		n, err := c.namespace(&t.Reader, req.Id)
		if err != nil {
			return err
		}
		if registry.CountServices(&t.Reader, n.ID) > 0 {
			return awserr.New(awserr.ResourceInUse, "Namespace %s contains services; delete the services before deleting the namespace", n.ID)
		}
		op.Namespace = n.ID
		return errors.Join(removeNamespace(t, n, c.now), c.note(t, op))
	})
	return operationAnswer{op.ID}, err
}

// removeNamespace deletes the rows of n.
func removeNamespace(t *state.Tx, n *model.Namespace, now int64) error {
	t.Delete(model.TableNamespaces, n.ID)
	t.Delete(model.TableDiscoveryNames, n.Claim().Key())
	t.Delete(model.TableCallerReferences, reference(n).Key())
	removeTags(t, model.TaggedNamespace, n.ID)
	if v, ok := t.Get(model.TableZones, n.Zone); ok {
		return hostedzone.Remove(t, v.(*model.Zone), time.UnixMilli(now))
	}
	return nil
}

type updateHTTPNamespaceRequest struct {
	Id               string               `json:"Id" aws:"required,max=255"`
	UpdaterRequestId string               `json:"UpdaterRequestId" aws:"max=64"`
	Namespace        *httpNamespaceChange `json:"Namespace" aws:"required"`
}

type httpNamespaceChange struct {
	Description *string `json:"Description" aws:"required,max=1024"`
}

type updateDNSNamespaceRequest struct {
	Id               string              `json:"Id" aws:"required,max=255"`
	UpdaterRequestId string              `json:"UpdaterRequestId" aws:"max=64"`
	Namespace        *dnsNamespaceChange `json:"Namespace" aws:"required"`
}

type dnsNamespaceChange struct {
	Description *string                 `json:"Description" aws:"max=1024"`
	Properties  *dnsNamespaceProperties `json:"Properties"`
}

func updateHTTPNamespace(c *call) (any, error) {
	var req updateHTTPNamespaceRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	return c.updateNamespace(req.Id, model.NamespaceHTTP, &dnsNamespaceChange{Description: req.Namespace.Description})
}

func updatePrivateNamespace(c *call) (any, error) {
	return c.updateDNSNamespace(model.NamespacePrivate)
}

func updatePublicNamespace(c *call) (any, error) {
	return c.updateDNSNamespace(model.NamespacePublic)
}

func (c *call) updateDNSNamespace(kind string) (any, error) {
	var req updateDNSNamespaceRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	return c.updateNamespace(req.Id, kind, req.Namespace)
}

// updateNamespace changes what the request gives and leaves the rest.
func (c *call) updateNamespace(idOrARN, kind string, change *dnsNamespaceChange) (any, error) {
	op := c.newOperation(model.OperationUpdateNamespace, idOrARN)
	err := c.commit(func(t *state.Tx) error {
		old, err := c.namespace(&t.Reader, idOrARN)
		if err != nil {
			return err
		}
		if old.Type != kind {
			return invalid("The namespace %s is of type %s, and the request is for one of type %s.", old.ID, old.Type, kind)
		}
		n := *old
		if change.Description != nil {
			n.Description = *change.Description
		}
		if ttl, ok := change.Properties.ttl(); ok {
			n.SOATTL = ttl
			if err := putSOATTL(t, &n); err != nil {
				return err
			}
		}
		op.Namespace = n.ID
		return errors.Join(t.Put(&n), c.note(t, op))
	})
	return operationAnswer{op.ID}, err
}

// putSOATTL gives the SOA of a namespace's zone the namespace's TTL.
func putSOATTL(t *state.Tx, n *model.Namespace) error {
	name, err := model.ParseName(n.Name)
	if err != nil {
		return err // impossible: the row is valid
	}
	v, ok := t.Get(model.TableRRsets, model.RRsetKey(n.Zone, name, "SOA", ""))
	if !ok {
		return nil
	}
	soa := *v.(*model.RRset)
	soa.TTL = n.SOATTL
	return t.Put(&soa)
}
