package model

import (
	"bytes"
	"slices"
	"testing"
)

// Every table that has secrets is listed, and an exchange leaves the rest as it
// was.
func TestSecrets(t *testing.T) {
	seen := 0
	for _, v := range examples() {
		s, ok := v.(Secret)
		if ok != slices.Contains(SecretTables(), v.Table()) {
			t.Errorf("%T is a secret: %t, contrary to SecretTables()", v, ok)
		}
		if !ok {
			continue
		}
		seen++
		before, _ := Encode(v)
		old := bytes.Clone(s.Envelope())
		other := s.WithEnvelope([]byte("other"))
		if got := other.(Secret).Envelope(); string(got) != "other" || other.Key() != v.Key() {
			t.Errorf("WithEnvelope() of %T carries %q under %q", v, got, other.Key())
		}
		if same, _ := Encode(v); !bytes.Equal(same, before) {
			t.Errorf("WithEnvelope() changes the %T it is called on", v)
		}
		if back, _ := Encode(other.(Secret).WithEnvelope(old)); !bytes.Equal(back, before) {
			t.Errorf("WithEnvelope() of %T changes more than the envelope", v)
		}
	}
	if seen != len(SecretTables()) {
		t.Errorf("%d examples are secrets, want %d", seen, len(SecretTables()))
	}
}
