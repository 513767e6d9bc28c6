package state

import (
	"testing"
	"time"

	"github.com/edgestage/edgestage/state/model"
)

// A row with an expiry is there until then, counts until then, and a later
// write without one keeps it.
func TestExpiry(t *testing.T) {
	r := open(t)
	now := time.Now()
	row := func(reference string) *model.CallerReference {
		return &model.CallerReference{Account: model.DefaultAccount, Kind: "hostedzone", Reference: reference, Resource: "Z1"}
	}
	_, err := r.Commit(t.Context(), func(tx *Tx) error {
		for reference, expires := range map[string]time.Time{"gone": now.Add(-time.Second), "soon": now.Add(time.Hour), "kept": now.Add(-time.Second)} {
			if err := tx.PutUntil(row(reference), expires); err != nil {
				return err
			}
		}
		return tx.Put(row("kept"))
	})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		reference string
		want      bool
	}{{"gone", false}, {"soon", true}, {"kept", true}}
	_ = r.View(func(rd *Reader) error {
		for _, tt := range tests {
			if _, got := rd.Get(model.TableCallerReferences, row(tt.reference).Key()); got != tt.want {
				t.Errorf("Get(%q) = %v, want %v", tt.reference, got, tt.want)
			}
		}
		for most, want := range map[int]int{0: 2, 1: 1, 5: 2} {
			if got := rd.Count(model.TableCallerReferences, model.DefaultAccount, most); got != want {
				t.Errorf("Count(at most %d) = %d, want %d", most, got, want)
			}
		}
		if got := rd.Count(model.TableCallerReferences, "none", 0); got != 0 {
			t.Errorf("Count of none = %d, want 0", got)
		}
		return nil
	})
}
