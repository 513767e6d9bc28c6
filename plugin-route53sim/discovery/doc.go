// Package discovery turns the rows of Cloud Map into RRsets: namespaces,
// services and instances, with the health and leases of the latter, into the
// changes that a compiler of package zone takes. So a service's name is
// answered like any other, by the same policies and the same rules of health.
//
// A [Discovery] keeps the rows that it was given and what it made of them. A
// registration costs what it changes: the records of one instance, not those of
// its service. What an instance's records are, and how it is doing, is settled
// by package model, the same as for the API ([model.InstanceRRsets],
// [model.Instance.Condition]); which of several that claim a name has it, by
// [model.Service.Before].
//
// There is no I/O and no clock here: time comes with each call, in milliseconds
// since 1970. A Discovery belongs to one goroutine.
package discovery
