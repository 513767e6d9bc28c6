package edgenode

import (
	"fmt"
	"testing"

	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/seal"
)

func mustRing(t *testing.T, fills ...byte) *seal.Keyring {
	t.Helper()
	ring, err := seal.ReadKeyFile(keyFile(t, "", fills...))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// After an exchange of keys everything is sealed with the new one, whatever
// table it is in; what no key is there for stays.
func TestReseal(t *testing.T) {
	ref := mustRef(t, Settings{Node: "one"})
	if err := ref.Start(zap.NewNop()); err != nil {
		t.Fatal(err)
	}
	r := ref.Replica()
	const many = resealChunk + resealCommit + 1
	old, both, foreign := mustRing(t, 1), mustRing(t, 2, 1), mustRing(t, 9)
	put := func(ring *seal.Keyring, v model.Secret) {
		t.Helper()
		sealed, err := ring.Seal(v.Table(), v.Key(), []byte(v.Key()))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Commit(t.Context(), func(tx *state.Tx) error { return tx.Put(v.WithEnvelope(sealed)) }); err != nil {
			t.Fatal(err)
		}
	}
	for i := range many {
		put(old, &model.StoredFile{Path: fmt.Sprint("f", i)})
	}
	put(old, &model.StoredPart{Path: "f1", Generation: "0f", Number: 1})
	put(old, &model.CertificateLeaf{ARN: "arn:aws:acm:us-east-1:111111111111:certificate/12345678-1234-8234-8234-123456789012", Chain: [][]byte{{1}}})
	put(foreign, &model.StoredFile{Path: "foreign"})
	for _, want := range []int{many + 2, 0} {
		if n, err := reseal(t.Context(), r, both); err != nil || n != want {
			t.Fatalf("reseal() = %d, %v, want %d", n, err, want)
		}
	}
	alone := mustRing(t, 2)
	if err := r.View(func(rd *state.Reader) error {
		for _, table := range model.SecretTables() {
			rd.Range(table, "", "", func(v model.Value, _ state.Version) bool {
				ring := alone
				if v.Key() == "foreign" {
					ring = foreign
				}
				if got, err := ring.Open(table, v.Key(), v.(model.Secret).Envelope()); err != nil || string(got) != v.Key() {
					t.Errorf("Open(%s, %q) = %q, %v", table, v.Key(), got, err)
				}
				return true
			})
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestFirstEdge(t *testing.T) {
	dns, low, high := state.Member{Run: 1, Kind: "dns"}, state.Member{Run: 2, Kind: "edge"}, state.Member{Run: 3, Kind: "edge"}
	self := func(m state.Member) state.Member { m.Self = true; return m }
	for _, tc := range []struct {
		name    string
		members []state.Member
		want    bool
	}{
		{"alone", []state.Member{self(high)}, true},
		{"the lower run", []state.Member{dns, self(low), high}, true},
		{"the higher run", []state.Member{dns, low, self(high)}, false},
		{"closed", nil, false},
	} {
		if got := firstEdge(tc.members); got != tc.want {
			t.Errorf("firstEdge() of %s = %t, want %t", tc.name, got, tc.want)
		}
	}
}
