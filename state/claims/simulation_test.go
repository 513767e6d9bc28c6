package claims_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/claims"
	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/statetest"
)

// TestTwoNodesClaimAtOnce lets two nodes of a simulated cluster, cut from each
// other, declare one name for two accounts. Once healed every node says the
// same: the earlier claim has the name, the later one is inert and reported,
// and who tries again is refused.
func TestTwoNodesClaimAtOnce(t *testing.T) {
	accounts := []string{"111111111111", "222222222222"}
	for seed := range uint64(10) {
		t.Run(fmt.Sprint("seed ", seed+1), func(t *testing.T) {
			s := statetest.New(seed+1, 3, statetest.Faults{Loss: 0.1, MaxDelay: 50 * time.Millisecond, Skew: time.Second})
			run := func(d time.Duration) {
				t.Helper()
				if err := s.Run(d); err != nil {
					t.Fatal(err)
				}
			}
			for i := range 3 {
				if err := s.Start(i); err != nil {
					t.Fatal(err)
				}
			}
			run(5 * time.Second)
			s.Partition([]int{0, 1, 1})
			first := s.Rand().IntN(2)
			declare := func(i int, since hlc.Stamp) (err error) {
				d := claims.NewDeclaration(fmt.Sprint("edge-", i))
				d.Distribution(accounts[i], fmt.Sprintf("d%d.cloudfront.net", i), []string{"www.example.com"})
				s.Do(i, func(tx *state.Tx) error {
					_, err = d.Apply(tx, since, nil, claims.ApplyOptions{})
					return err
				})
				run(time.Second) // the commit before may be on its way to the disk
				return err
			}
			for i := range 2 {
				since := hlc.Stamp(2000)
				if i == first {
					since = 1000
				}
				if err := declare(i, since); err != nil {
					t.Fatalf("node %d cannot claim while it is cut off: %v", i, err)
				}
			}
			s.Heal()
			var last error
			for range 120 {
				run(time.Second)
				if last = s.Converged(); last == nil && agree(s) == nil {
					break
				}
			}
			if err := errors.Join(last, agree(s)); err != nil {
				t.Fatal(err)
			}
			for i := range 3 {
				v := claims.NewCompiler().Apply(s.Rows(i, claims.Tables()...))
				o, ok := v.Owner("www.example.com")
				if !ok || o.Account != accounts[first] {
					t.Errorf("node %d: the name belongs to %+v, want account %s", i, o, accounts[first])
				}
				if in := v.Inert(); len(in) != 1 || in[0].Account != accounts[1-first] || in[0].Holder != o {
					t.Errorf("node %d: inert is %+v, want the claim of account %s", i, in, accounts[1-first])
				}
			}
			// The loser learns of it when it declares again with other words.
			d := claims.NewDeclaration("edge-2")
			d.Distribution(accounts[1-first], "d9.cloudfront.net", []string{"www.example.com"})
			var err error
			s.Do(2, func(tx *state.Tx) error {
				_, err = d.Apply(tx, 1, nil, claims.ApplyOptions{})
				return err
			})
			run(time.Second)
			conflict := (*claims.ConflictError)(nil)
			if !errors.As(err, &conflict) || conflict.Holder.Account != accounts[first] {
				t.Errorf("claiming a name that account %s has: %v", accounts[first], err)
			}
		})
	}
}

// agree returns an error unless all nodes hold both claims.
func agree(s *statetest.Sim) error {
	for i := range 3 {
		if n := len(s.Rows(i, claims.Tables()...).Changes); n != 4 {
			return fmt.Errorf("node %d has %d rows, want 4", i, n)
		}
	}
	return nil
}
