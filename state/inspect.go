package state

// CommitInfo is what a commit says, for tests that check the rules of this
// package from outside.
type CommitInfo struct {
	Version Version
	// BuildsOn are the commits that must be applied before it.
	BuildsOn []Version
	Rows     []CommitRow
}

// CommitRow names a row that a commit wrote.
type CommitRow struct {
	Table, Key string
	Deleted    bool
}

// InspectCommit returns what an encoded commit, as in [LogEntry.Data], says.
func InspectCommit(data []byte) (*CommitInfo, error) {
	c, err := decodeCommit(data)
	if err != nil {
		return nil, err
	}
	info := &CommitInfo{Version: c.version()}
	if c.Prev != 0 {
		info.BuildsOn = append(info.BuildsOn, Version{Stamp: c.Prev, Origin: c.Origin})
	}
	for _, d := range c.Deps {
		info.BuildsOn = append(info.BuildsOn, Version{Stamp: d.Stamp, Origin: d.Origin})
	}
	for _, r := range c.Rows {
		info.Rows = append(info.Rows, CommitRow{Table: r.Table, Key: r.Key, Deleted: r.Value == nil})
	}
	return info, nil
}
