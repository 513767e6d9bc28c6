package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/edgestage/edgestage/state/model"
)

// jsonReader walks one JSON document and knows where it is.
type jsonReader struct {
	*draft
	data           []byte
	dec            *json.Decoder
	lines, counted int // line ends before the offset counted

	members map[string]bool      // of the document, seen so far
	offsets map[*model.RRset]int // of the RRsets read
	checks  map[string]bool      // ids of the health checks read
	zoneAt  int                  // offset of what the zone is named by

	hosted *jsonHostedZone
	set    *jsonDelegationSet
	vpcs   []model.VPC
}

// report adds a fault at an offset for each of the reasons.
func (r *jsonReader) report(at int, record string, reasons []error) {
	for _, reason := range reasons {
		r.fault(r.at(at), record, reason)
	}
}

// offset returns where the next value or token begins.
func (r *jsonReader) offset() int {
	i := int(r.dec.InputOffset())
	for i < len(r.data) && bytes.IndexByte([]byte(" \t\r\n,:"), r.data[i]) >= 0 {
		i++
	}
	return i
}

// at returns the place of an offset. Going forward it counts each line once.
func (r *jsonReader) at(offset int) place {
	if offset < r.counted {
		r.counted, r.lines = 0, 0
	}
	r.lines += bytes.Count(r.data[r.counted:offset], []byte("\n"))
	r.counted = offset
	start := bytes.LastIndexByte(r.data[:offset], '\n') + 1
	return place{line: r.lines + 1, column: offset - start + 1}
}

// errStop says that the document cannot be read on; the fault is reported.
var errStop = errors.New("stop")

// syntax reports that the document is no JSON, at the byte that shows it.
func (r *jsonReader) syntax(err error) error {
	at := r.at(len(r.data))
	var s *json.SyntaxError
	if errors.As(json.Unmarshal(r.data, new(json.RawMessage)), &s) {
		at, err = r.at(max(0, int(s.Offset)-1)), s
	} else if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	r.fault(at, "", fmt.Errorf("invalid JSON: %w", err))
	return errStop
}

// token reads one token.
func (r *jsonReader) token() (json.Token, error) {
	t, err := r.dec.Token()
	if err != nil {
		return nil, r.syntax(err)
	}
	return t, nil
}

// object calls member for each member of the object that comes next.
func (r *jsonReader) object(member func(key string, at int) error) error {
	start := r.offset()
	t, err := r.token()
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		r.fault(r.at(start), "", fmt.Errorf("got %s, want an object", kind(t)))
		return errStop
	}
	for r.dec.More() {
		at := r.offset()
		key, err := r.token()
		if err != nil {
			return err
		}
		if err := member(key.(string), at); err != nil {
			return err
		}
	}
	_, err = r.token()
	return err
}

// array calls element before each element of the array that comes next. Null
// is an empty array.
func (r *jsonReader) array(name string, element func() error) error {
	start := r.offset()
	t, err := r.token()
	if err != nil || t == nil {
		return err
	}
	if t != json.Delim('[') {
		r.fault(r.at(start), name, fmt.Errorf("got %s, want an array", kind(t)))
		return errStop
	}
	for r.dec.More() {
		if err := element(); err != nil {
			return err
		}
	}
	_, err = r.token()
	return err
}

// end reports what follows the document.
func (r *jsonReader) end() error {
	at := r.offset()
	if _, err := r.dec.Token(); err != io.EOF {
		r.fault(r.at(at), "", errors.New("something follows the end of the document"))
		return errStop
	}
	return nil
}

func kind(t json.Token) string {
	switch t := t.(type) {
	case nil:
		return "null"
	case json.Delim:
		if t == '[' {
			return "an array"
		}
		return "an object"
	case string:
		return fmt.Sprintf("%q", t)
	}
	return fmt.Sprint(t)
}
