package state

import (
	"bytes"
	"reflect"
	"testing"
)

var sampleMessages = []message{
	&commitsMsg{Commits: [][]byte{{1, 2}, {}}},
	&announceMsg{Entries: []entry{{Origin: 1, Stamp: 2}}},
	&beatMsg{Counter: 1, Hash: 2, Behind: true, Moved: []entry{{Origin: 3, Stamp: 4}}, Shares: []shareVersion{{Table: "t", Version: 5}}},
	&pullMsg{ID: 1, Context: []entry{{Origin: 1, Stamp: 2}}, Rows: true, Table: "t", Key: "k"},
	&chunkMsg{ID: 1, RowsMode: true, Rows: []wireRow{{Table: "t", Key: "k", Value: []byte("v"), Stamp: 1, Origin: 2}}, More: true},
	&askMsg{Nonce: 1, Version: entry{Origin: 1, Stamp: 2}},
	&answerMsg{Nonce: 1, Yes: true},
	&wantMsg{Table: "t"},
	&pulseMsg{Counter: 1, Parts: 2, Data: []byte("p")},
	&shareMsg{Run: 1, NodeID: "n", Table: "t", Version: 2, Rows: []shareRow{{Key: "k", Value: []byte("v")}}},
}

func TestMessagesRoundTrip(t *testing.T) {
	seen := map[byte]bool{}
	for _, m := range sampleMessages {
		seen[m.kind()] = true
		from, got, err := decodeMessage(encodeMessage(7, m))
		if err != nil || from != 7 {
			t.Fatalf("decodeMessage(%T) from %v, %v", m, from, err)
		}
		if !bytes.Equal(mustEncode(got), mustEncode(m)) || reflect.TypeOf(got) != reflect.TypeOf(m) {
			t.Errorf("%T came back as %+v, want %+v", m, got, m)
		}
	}
	if len(seen) != len(newMessage) {
		t.Errorf("%d kinds of message are tested, want all %d", len(seen), len(newMessage))
	}
}

func TestDecodeCommitRefuses(t *testing.T) {
	good := func() *commit {
		return &commit{Origin: 1, Stamp: 5, Prev: 4, Rows: []wireRow{{Table: "t", Key: "k"}}}
	}
	tests := []struct {
		name   string
		damage func(c *commit)
	}{
		{"no origin", func(c *commit) { c.Origin = 0 }},
		{"not after its previous", func(c *commit) { c.Prev = 5 }},
		{"no table", func(c *commit) { c.Rows[0].Table = "" }},
		{"a local table", func(c *commit) { c.Rows[0].Table = tableContext }},
		{"an endless key", func(c *commit) { c.Rows[0].Key = string(make([]byte, maxNameBytes+1)) }},
	}
	if _, err := decodeCommit(mustEncode(good())); err != nil {
		t.Fatalf("decodeCommit of a good commit = %v", err)
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			c := good()
			tc.damage(c)
			if _, err := decodeCommit(mustEncode(c)); err == nil {
				t.Error("decodeCommit accepted it")
			}
		})
	}
}

// FuzzReceive gives a serving core any bytes as a message of a listed member:
// it must neither panic nor break what it holds.
func FuzzReceive(f *testing.F) {
	for _, m := range sampleMessages {
		f.Add(encodeMessage(2, m))
	}
	c := &commit{Origin: 2, Stamp: 9, Rows: []wireRow{{Table: "zones", Key: "Z1", Value: []byte{0xa0}}}}
	f.Add(encodeMessage(2, &commitsMsg{Commits: [][]byte{mustEncode(c)}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		k, store := testCore(t)
		step := func(ev Event) {
			out := k.Step(testNow, ev)
			for out.Write != nil {
				if err := store.Write(out.Write); err != nil {
					t.Fatal(err)
				}
				out = k.Step(testNow, Written{})
			}
		}
		step(MemberUp{Member: Member{Run: 2, Node: "peer"}})
		step(Received{Data: data})
		step(Tick{})
		step(Received{Data: data})
		for o, s := range k.Context() {
			if s == 0 {
				t.Errorf("context has %v at zero", o)
			}
		}
	})
}
