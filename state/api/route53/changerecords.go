package route53

import (
	"errors"
	"fmt"
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/awsxml"
	"github.com/edgestage/edgestage/state/model"
)

var recordOperations = []*operation{
	{name: "ChangeResourceRecordSets", method: "POST", path: "hostedzone/{Id}/rrset", run: changeResourceRecordSets},
	{name: "ListResourceRecordSets", method: "GET", path: "hostedzone/{Id}/rrset", run: listResourceRecordSets},
	{name: "GetChange", method: "GET", path: "change/{Id}", run: getChange},
	{name: "TestDNSAnswer", method: "GET", path: "testdnsanswer", run: testDNSAnswer},
}

// The actions of a change.
const (
	actionCreate = "CREATE"
	actionDelete = "DELETE"
	actionUpsert = "UPSERT"
)

// The limits of one request (aws-behaviour 2.6); an UPSERT counts twice.
const (
	maxRecords    = 1000
	maxCharacters = 32000
)

type changeResourceRecordSetsRequest struct {
	ChangeBatch changeBatch `xml:"ChangeBatch" aws:"required"`
}

type changeBatch struct {
	Comment *string  `xml:"Comment" aws:"max=256"`
	Changes *changes `xml:"Changes" aws:"required"`
}

type changes struct {
	Change []change `xml:"Change" aws:"min=1"`
}

type change struct {
	Action            string            `xml:"Action" aws:"required" enum:"CREATE|DELETE|UPSERT"`
	ResourceRecordSet resourceRecordSet `xml:"ResourceRecordSet" aws:"required"`
}

// changeResourceRecordSets validates a batch whole and applies it as one
// commit, or not at all (aws-behaviour 2.1). Where it is refused, the first of
// these that finds a fault answers with all that it finds:
//
//	the schema and its constraints    InvalidInput
//	members that do not go together   InvalidInput
//	the size of the request           InvalidChangeBatch
//	health checks that do not exist   NoSuchHealthCheck
//	each RRset by itself, then        InvalidChangeBatch
//	in order against a working copy
func changeResourceRecordSets(c *call) (any, error) {
	var req changeResourceRecordSetsRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	list := req.ChangeBatch.Changes.Change
	if err := checkCombinations(list); err != nil {
		return nil, err
	}
	if err := checkSize(list); err != nil {
		return nil, err
	}
	id := bare(c.params["Id"])
	steps, err := parseSteps(id, list)
	if err != nil {
		return nil, err
	}
	done, err := c.begin(id)
	if err != nil {
		return nil, err
	}
	defer done()
	info, err := c.commit(value(req.ChangeBatch.Comment), func(t *state.Tx) error {
		z, err := c.ownZone(&t.Reader, id)
		if err != nil {
			return err
		}
		return c.applySteps(t, z, steps)
	})
	return changeInfoResponse{info}, err
}

// checkCombinations returns what does not go together, in every change.
func checkCombinations(list []change) error {
	var found []string
	for i := range list {
		if text := list[i].combination(); text != "" {
			found = append(found, text)
		}
	}
	if len(found) == 0 {
		return nil
	}
	return invalid("Invalid request: %s", strings.Join(found, ", "))
}

// checkSize returns an error where the request is too large.
func checkSize(list []change) error {
	records, characters := 0, 0
	for _, ch := range list {
		n, size := 1, 0
		if rr := ch.ResourceRecordSet.ResourceRecords; rr != nil {
			n = len(rr.ResourceRecord)
			for _, r := range rr.ResourceRecord {
				size += len([]rune(r.Value))
			}
		}
		if ch.Action == actionUpsert {
			n, size = 2*n, 2*size
		}
		records, characters = records+n, characters+size
	}
	var faults faultList
	if records > maxRecords {
		faults.add("Number of records limit of %d exceeded.", maxRecords)
	}
	if characters > maxCharacters {
		faults.add("RDATA character limit of %d exceeded.", maxCharacters)
	}
	return faults.err()
}

// step is one change of a batch, parsed.
type step struct {
	action string
	set    *model.RRset // nil where its names do not parse
	wire   *resourceRecordSet
	faults faultList // of the RRset by itself
}

// parseSteps parses each change. Values that a shape forbids are an error at
// once; the other faults of a step are left to be listed with those that the
// zone finds.
func parseSteps(zone string, list []change) ([]*step, error) {
	var constraints awsxml.ConstraintErrors
	var combinations []string
	var steps []*step
	for i := range list {
		ch := &list[i]
		s := &step{action: ch.Action, wire: &ch.ResourceRecordSet}
		steps = append(steps, s)
		set, err := ch.ResourceRecordSet.toModel(zone)
		if err != nil {
			s.faults.add("%v", err)
			continue
		}
		s.set = set
		if ch.Action == actionDelete || !model.ValidZoneID(zone) {
			continue
		}
		if ch.ResourceRecordSet.TrafficPolicyInstanceId != nil {
			combinations = append(combinations, "TrafficPolicyInstanceId is set by traffic policy instances only")
			continue
		}
		for _, e := range leaves(set.Validate()) {
			s.sort(e, i, &constraints, &combinations)
		}
	}
	if len(constraints) > 0 {
		return nil, invalid("%v", constraints)
	}
	if len(combinations) > 0 {
		return nil, invalid("Invalid request: %s", strings.Join(combinations, ", "))
	}
	return steps, nil
}

// sort puts a fault of the step with number i where it is reported.
func (s *step) sort(err error, i int, constraints *awsxml.ConstraintErrors, combinations *[]string) {
	if con := (*model.ConstraintError)(nil); errors.As(err, &con) {
		*constraints = append(*constraints, awsxml.Constraint{
			Path: fmt.Sprintf("changeBatch.changes.%d.member.resourceRecordSet.%s", i+1, con.Field), Value: con.Value, Must: con.Must,
		})
		return
	}
	if com := (*model.CombinationError)(nil); errors.As(err, &com) {
		*combinations = append(*combinations, strings.TrimPrefix(com.InChange(s.action), "Invalid request: "))
		return
	}
	if text, ok := strings.CutPrefix(err.Error(), "Invalid request: "); ok {
		*combinations = append(*combinations, text)
		return
	}
	s.faults.add("%v", err)
}

// faultList is the bracketed list that Route 53 prints.
type faultList []string

// maxFaults bounds the list of one answer.
const maxFaults = 1000

func (l *faultList) add(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if len(*l) < maxFaults {
		*l = append(*l, text)
	}
}

func (l faultList) err() error {
	if len(l) == 0 {
		return nil
	}
	return awserr.New(awserr.InvalidChangeBatch, "[%s]", strings.Join(l, ", "))
}
