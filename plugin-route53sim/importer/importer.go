// Package importer reads hosted zones from files - exports of Route 53 in
// JSON and master files of RFC 1035 - and turns each into one commit of the
// replicated state.
//
// [Parse] is strict: a document with any fault is refused whole, with every
// fault reported together, each with its place in the file. [Apply] makes a
// zone exactly what its document says. [Loader] watches files and decides when
// a document is to be applied, so that neither a restart nor an old file on a
// new node reverts what was changed through the API since.
//
// Parse and Apply are pure functions of their arguments but for the files that
// a master file includes. A Loader belongs to one goroutine.
package importer

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// Document is what one file says, valid.
type Document struct {
	// Path is the file.
	Path string
	// Zone is nil in an export that has health checks only.
	Zone *model.Zone
	// RRsets are those of Zone, in the order of the file; the ones that every
	// zone has come first where the file lacks them.
	RRsets       []*model.RRset
	HealthChecks []*model.HealthCheck
	// Hash is the SHA-256 sum of the file and all that it includes.
	Hash [32]byte
	// Includes are the other files that were read, for a master file.
	Includes []string
	// At is when the document was loaded: what a new zone was created at.
	At time.Time

	account string
	rows    []*state.Prepared // of RRsets, in key order
}

// Subject names what the document describes, and is the key of its
// [model.Import]: the zone's id, or the file's name below the account for an
// export of health checks only.
func (d *Document) Subject() string {
	if d.Zone != nil {
		return d.Zone.ID
	}
	return "healthchecks/" + d.account + "/" + filepath.Base(d.Path)
}

// Fault is one reason for which a document is refused.
type Fault struct {
	File string
	// Line and Column count from 1, Column in bytes; 0 where there is none.
	Line, Column int
	// Record is the RRset or member at fault, such as "www.example.org. A"; it
	// may be empty.
	Record string
	Reason string
}

// Error returns file, position, record and reason, separated by colons.
func (f *Fault) Error() string {
	s := f.File
	if f.Line > 0 {
		s += fmt.Sprintf(":%d:%d", f.Line, f.Column)
	}
	if f.Record != "" {
		s += ": " + f.Record
	}
	return s + ": " + f.Reason
}

// Parse reads one document, a master file if path ends in ".zone" and a JSON
// export otherwise. Its zone and health checks belong to account, 12 digits.
// The error joins a *[Fault] for each fault there is, in the order of the file
// as far as they have a place there.
func Parse(path string, data []byte, account string) (*Document, error) {
	doc, err := parse(path, data, account)
	if err != nil {
		return nil, err
	}
	return doc, nil
}

// parse is Parse, but for a document that it returns in any case: where there
// is an error, only what it includes is to be used.
func parse(path string, data []byte, account string) (*Document, error) {
	if err := model.ValidateAccount(account); err != nil {
		return new(Document), &Fault{File: path, Reason: err.Error()}
	}
	if strings.HasSuffix(path, ".zone") {
		return parseMaster(path, data, account)
	}
	return parseJSON(path, data, account)
}

// draft is a document in the making.
type draft struct {
	doc *Document
	// where tells the place of an RRset of doc.
	where func(*model.RRset) place
	// broken are RRsets whose own faults are reported already.
	broken map[*model.RRset]bool
	faults []error
}

// place is where something stands: in the document itself if file is empty.
type place struct {
	file         string
	line, column int
}

func newDraft(path string, data []byte, account string) *draft {
	return &draft{
		doc:    &Document{Path: path, Hash: sha256.Sum256(data), account: account},
		broken: make(map[*model.RRset]bool),
	}
}

// fault reports each of the errors that err joins.
func (d *draft) fault(at place, record string, err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			d.fault(at, record, e)
		}
		return
	}
	if at.file == "" {
		at.file = d.doc.Path
	}
	d.faults = append(d.faults, &Fault{at.file, at.line, at.column, record, err.Error()})
}

// result returns the document and its faults.
func (d *draft) result() (*Document, error) { return d.doc, errors.Join(d.faults...) }

// recordName returns what a fault calls an RRset.
func recordName(r *model.RRset) string {
	s := r.Name.AWS() + " " + r.Type
	if r.SetID != "" {
		s += " " + r.SetID
	}
	return s
}
