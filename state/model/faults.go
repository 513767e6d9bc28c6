package model

import "fmt"

// ConstraintError is a member whose value its shape in the API forbids
// (aws-behaviour 2.5). The API puts the path of the change before Field.
type ConstraintError struct {
	// Field is the member's path below the RRset, such as "failover".
	Field string
	// Value is what was found there.
	Value string
	// Must is the constraint, such as "have value less than or equal to 255".
	Must string
}

// Error returns Route 53's sentence, with the path from the RRset on.
func (e *ConstraintError) Error() string {
	return fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: Member must %s", e.Value, e.Field, e.Must)
}

// CombinationError is a set of members that do not go together, or a missing
// one (aws-behaviour 2.5).
type CombinationError struct {
	// Text says what is wrong, such as "Missing field 'SetIdentifier'".
	Text string
	Name Name
	Type string
	// SetID is printed as null when empty.
	SetID string
}

// Error returns what is wrong and with which RRset.
func (e *CombinationError) Error() string {
	return fmt.Sprintf("%s in [%s]", e.Text, e.members())
}

// InChange returns Route 53's sentence about a change with the given action.
func (e *CombinationError) InChange(action string) string {
	return fmt.Sprintf("Invalid request: %s in Change with [Action=%s, %s]", e.Text, action, e.members())
}

func (e *CombinationError) members() string {
	id := e.SetID
	if id == "" {
		id = "null"
	}
	return fmt.Sprintf("Name=%s, Type=%s, SetIdentifier=%s", e.Name.AWS(), e.Type, id)
}

// sentence is [fmt.Errorf] for texts in Route 53's own words, which are whole
// sentences.
func sentence(format string, args ...any) error { return fmt.Errorf(format, args...) }
