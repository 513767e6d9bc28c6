package state

import (
	"fmt"
	"testing"
	"time"
)

func TestRememberedMembersGrowOld(t *testing.T) {
	k, store := testCore(t)
	step := func(now time.Time, ev Event) {
		out := k.Step(now, ev)
		for out.Write != nil {
			if err := store.Write(out.Write); err != nil {
				t.Fatal(err)
			}
			out = k.Step(now, Written{})
		}
	}
	step(testNow, MemberUp{Member: Member{Run: 2, Node: "gone", Addr: "192.0.2.2:1"}})
	step(testNow, MemberUp{Member: Member{Run: 3, Node: "stays", Addr: "192.0.2.3:1"}})
	step(testNow, MemberDown{Run: 2})
	later := testNow.Add(Horizon + time.Hour)
	for now := testNow; now.Before(later); now = now.Add(refreshMembers) {
		step(now, Tick{})
	}
	if got := fmt.Sprint(RememberedMembers(store, testNow.Add(time.Hour))); got != "[192.0.2.2:1 192.0.2.3:1]" {
		t.Errorf("remembered after an hour: %s", got)
	}
	if got := fmt.Sprint(RememberedMembers(store, later)); got != "[192.0.2.3:1]" {
		t.Errorf("remembered past the horizon: %s, want only who stayed", got)
	}
}
