package state

// receive takes a message from a peer.
func (k *Core) receive(data []byte) {
	from, m, err := decodeMessage(data)
	if err != nil {
		k.stats.BadMessages++
		return
	}
	p := k.members[from]
	if p == nil {
		// Only members that are listed are answered; commits are kept all the
		// same, for they are whole and membership may be a moment behind.
		if c, ok := m.(*commitsMsg); ok {
			k.receiveCommits(0, c.Commits)
		}
		return
	}
	switch m := m.(type) {
	case *commitsMsg:
		k.receiveCommits(from, m.Commits)
	case *announceMsg:
		for _, e := range m.Entries {
			k.hear(e, from)
		}
	case *beatMsg:
		k.receiveBeat(p, m)
	case *pullMsg:
		k.answerPull(p, m)
	case *chunkMsg:
		k.receiveChunk(p, m)
	case *askMsg:
		k.answerAsk(from, m)
	case *answerMsg:
		k.receiveAnswer(from, m)
	case *wantMsg:
		k.answerWant(from, m)
	case *shareMsg:
		k.receiveShare(p, m)
	case *pulseMsg:
		k.receivePulse(p, m)
	}
}
