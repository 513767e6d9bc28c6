package routing

import (
	"slices"
	"testing"

	"github.com/edgestage/edgestage/state/model"
)

// shelf is a source of definitions that counts how often each is read.
type shelf struct {
	definitions map[string]Definition[string]
	reads       map[string]int
}

func newShelf() *shelf {
	return &shelf{definitions: map[string]Definition[string]{}, reads: map[string]int{}}
}

func (s *shelf) read(name string) (Definition[string], bool) {
	s.reads[name]++
	d, ok := s.definitions[name]
	return d, ok
}

// put makes name a failover group of a healthy or unhealthy secondary and an
// alias to target.
func (s *shelf) put(name, target string, evaluate bool) {
	members := []Member{alias(primary(name+"-p"), nil, evaluate), secondary(name + "-s")}
	s.definitions[name] = Definition[string]{Owner: members, Policy: model.PolicyFailover, Members: members, Targets: []string{target, ""}}
}

// putSimple makes name a simple RRset.
func (s *shelf) putSimple(name string, healthy bool) {
	members := []Member{{SetID: name, Unhealthy: !healthy}}
	s.definitions[name] = Definition[string]{Owner: members, Members: members}
}

func TestForestCompilesWhatIsAbove(t *testing.T) {
	s := newShelf()
	s.put("top", "middle", true)
	s.put("middle", "leaf", true)
	s.put("apart", "", false)
	s.putSimple("leaf", true)
	f := NewForest(s.read)

	if got := f.Change("top", "apart"); !slices.Equal(got, []string{"leaf", "middle", "top", "apart"}) && !slices.Equal(got, []string{"apart", "leaf", "middle", "top"}) {
		t.Errorf("Change(top, apart) = %v, want leaf before middle before top, and apart", got)
	}
	check := func(step string, want ...string) {
		t.Helper()
		if got := answers(f.Group("top"), paris); !slices.Equal(got, want) {
			t.Errorf("%s: answers of top = %v, want %v", step, got, want)
		}
	}
	check("at first", "leaf")

	apart := f.Group("apart")
	s.putSimple("leaf", false)
	if got := f.Change("leaf"); !slices.Equal(got, []string{"leaf", "middle", "top"}) {
		t.Errorf("Change(leaf) = %v, want leaf, middle, top", got)
	}
	check("leaf unhealthy", "middle-s")
	if f.Group("apart") != apart || s.reads["apart"] != 1 {
		t.Errorf("apart was compiled again (read %d times), want it left alone", s.reads["apart"])
	}

	delete(s.definitions, "leaf")
	f.Change("leaf")
	check("leaf gone", "middle-s")

	s.put("middle", "", false)
	if got := f.Change("middle"); !slices.Equal(got, []string{"middle", "top"}) {
		t.Errorf("Change(middle) = %v, want middle, top", got)
	}
	if f.trees["leaf"] != nil {
		t.Error("leaf is still kept after the last alias to it went")
	}
}

func TestForestLoops(t *testing.T) {
	s := newShelf()
	s.put("a", "b", false)
	s.put("b", "c", false)
	s.put("c", "a", false)
	s.put("in", "a", false)
	s.put("self", "self", true)
	for _, order := range [][]string{{"a", "b", "c", "in", "self"}, {"self", "in", "c", "b", "a"}} {
		f := NewForest(s.read)
		for _, name := range order {
			f.Change(name)
		}
		for _, name := range []string{"a", "b", "c", "in"} {
			if got := answers(f.Group(name), paris); got != nil {
				t.Errorf("told of %v: answers of %s = %v, want none", order, name, got)
			}
		}
		if got := answers(f.Group("self"), paris); !slices.Equal(got, []string{"self-s"}) {
			t.Errorf("answers of self = %v, want self-s, as its evaluated alias leads nowhere", got)
		}

		s.putSimple("c", true) // the loop is cut
		if got := f.Change("c"); len(got) != 4 {
			t.Errorf("Change(c) = %v, want a, b, c, in", got)
		}
		if got := answers(f.Group("in"), paris); !slices.Equal(got, []string{"c"}) {
			t.Errorf("answers of in = %v, want c", got)
		}
		s.put("c", "a", false) // and closed again
		f.Change("c")
		if got := answers(f.Group("in"), paris); got != nil {
			t.Errorf("answers of in = %v, want none", got)
		}
	}
}

func TestForestKeepsNoPlainRRsets(t *testing.T) {
	s := newShelf()
	s.putSimple("plain", true)
	f := NewForest(s.read)
	if got := f.Change("plain", "absent"); len(got) != 0 || len(f.trees) != 0 {
		t.Errorf("Change(plain, absent) = %v and %d trees, want none", got, len(f.trees))
	}
	s.put("alias", "plain", true)
	f.Change("alias")
	if f.Group("plain") == nil || f.Group("alias") == nil {
		t.Fatal("plain and alias are not compiled, want both")
	}
	delete(s.definitions, "alias")
	got := f.Change("alias")
	slices.Sort(got)
	if !slices.Equal(got, []string{"alias", "plain"}) || len(f.trees) != 0 || f.Group("plain") != nil {
		t.Errorf("Change(alias) = %v and %d trees, want alias, plain and none", got, len(f.trees))
	}
}

// An alias may come before its target, and one RRset may be many aliases'
// target.
func TestForestTargetComesLater(t *testing.T) {
	s := newShelf()
	s.put("one", "late", false)
	s.put("two", "late", false)
	f := NewForest(s.read)
	f.Change("one", "two")
	if got := answers(f.Group("one"), paris); got != nil {
		t.Errorf("answers of one = %v, want none yet", got)
	}
	s.putSimple("late", true)
	got := f.Change("late")
	if len(got) != 3 || got[0] != "late" {
		t.Errorf("Change(late) = %v, want late, then one and two", got)
	}
	for _, name := range []string{"one", "two"} {
		if got := answers(f.Group(name), paris); !slices.Equal(got, []string{"late"}) {
			t.Errorf("answers of %s = %v, want late", name, got)
		}
	}
}

func TestForestDeepChain(t *testing.T) {
	s := newShelf()
	const links = 10_000
	name := func(i int) string { return "n" + string(rune(i)) }
	for i := range links {
		members := []Member{alias(Member{SetID: "alias"}, nil, false)}
		s.definitions[name(i)] = Definition[string]{Owner: members, Members: members, Targets: []string{name(i + 1)}}
	}
	s.putSimple(name(links), true)
	f := NewForest(s.read)
	if got := f.Change(name(0)); len(got) != links+1 {
		t.Fatalf("Change compiled %d groups, want %d", len(got), links+1)
	}
	if got := answers(f.Group(name(links-MaxDepth+1)), paris); len(got) != 1 {
		t.Errorf("answers %d groups above the end = %v, want the end's", MaxDepth-1, got)
	}
	if got := answers(f.Group(name(links-MaxDepth)), paris); got != nil {
		t.Errorf("answers %d groups above the end = %v, want none", MaxDepth, got)
	}
}

// A group of which the health alone has changed is compiled by itself where no
// other depends on it, and only there.
func TestForestCompilesAlone(t *testing.T) {
	s := newShelf()
	s.put("top", "leaf", true)
	s.putSimple("leaf", true)
	s.put("apart", "", false)
	failover := func(healthy bool) Definition[string] {
		members := []Member{primary("p"), secondary("s")}
		members[0].Unhealthy = !healthy
		return Definition[string]{Owner: "own", Policy: model.PolicyFailover, Members: members, Targets: make([]string, 2)}
	}
	s.definitions["own"] = failover(true)
	f := NewForest(s.read)
	f.Change("top", "apart", "own")
	for _, name := range []string{"top", "leaf", "apart", "unknown"} {
		before := f.Group(name)
		if f.CompileAlone(name, s.definitions[name]) != nil || f.Group(name) != before {
			t.Errorf("CompileAlone(%s) compiles a group that others lead to, that leads to others, or that is not there", name)
		}
	}
	before := f.Group("own")
	g := f.CompileAlone("own", failover(false))
	if g == nil || g == before || f.Group("own") != g || g.MemberHealthy(0) || g.Owner() != "own" {
		t.Errorf("CompileAlone(own) = %v, want a fresh group with the failing member", g)
	}
}
