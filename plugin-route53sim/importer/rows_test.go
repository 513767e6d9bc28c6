package importer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// mapRows is a store on a map, which remembers what was written.
type mapRows struct {
	rows map[string]model.Value // by table, then key
	wrote,
	deleted []string
	fail error // of the next commits
}

func newMapRows() *mapRows { return &mapRows{rows: make(map[string]model.Value)} }

func rowName(table, key string) string { return table + "/" + key }

func (m *mapRows) Get(table, key string) (model.Value, bool) {
	v, ok := m.rows[rowName(table, key)]
	return v, ok
}

func (m *mapRows) Range(table, prefix, from string, f func(model.Value, state.Version) bool) {
	for _, name := range slices.Sorted(maps.Keys(m.rows)) {
		key, ok := strings.CutPrefix(name, table+"/")
		if ok && strings.HasPrefix(key, prefix) && key >= from && !f(m.rows[name], state.Version{}) {
			return
		}
	}
}

func (m *mapRows) Put(v model.Value) error {
	if err := v.Validate(); err != nil {
		return err
	}
	// What is kept is what a disk would give back.
	data, err := model.Encode(v)
	if err != nil {
		return err
	}
	if v, err = model.Decode(v.Table(), v.Key(), data); err != nil {
		return err
	}
	m.rows[rowName(v.Table(), v.Key())] = v
	m.wrote = append(m.wrote, rowName(v.Table(), v.Key()))
	return nil
}

func (m *mapRows) RangeEncoded(table, prefix string, f func(string, []byte) bool) {
	m.Range(table, prefix, "", func(v model.Value, _ state.Version) bool {
		data, err := model.Encode(v)
		return err != nil || f(v.Key(), data)
	})
}

func (m *mapRows) PutPrepared(p *state.Prepared) { _ = m.Put(p.Value()) }

func (m *mapRows) Delete(table, key string) {
	delete(m.rows, rowName(table, key))
	m.deleted = append(m.deleted, rowName(table, key))
}

// Commit implements [Store].
func (m *mapRows) Commit(_ context.Context, f func(t Rows) error) error {
	if m.fail != nil {
		return m.fail
	}
	before := maps.Clone(m.rows)
	err := f(m)
	if err != nil {
		m.rows = before
	}
	return err
}

// reset forgets what was written, not the rows.
func (m *mapRows) reset() { m.wrote, m.deleted = nil, nil }

// zoneRows returns the RRsets of a zone, a line each.
func (m *mapRows) zoneRows(zone string) string {
	var b strings.Builder
	m.Range(model.TableRRsets, model.RRsetPrefix(zone), "", func(v model.Value, _ state.Version) bool {
		r := v.(*model.RRset)
		fmt.Fprintln(&b, recordName(r), r.TTL, r.Values)
		return true
	})
	return b.String()
}

// logLines is a logger that keeps its lines.
type logLines struct{ lines []string }

func (l *logLines) add(level, format string, args []any) {
	l.lines = append(l.lines, level+" "+fmt.Sprintf(format, args...))
}
func (l *logLines) Infof(format string, args ...any)  { l.add("info", format, args) }
func (l *logLines) Warnf(format string, args ...any)  { l.add("warn", format, args) }
func (l *logLines) Errorf(format string, args ...any) { l.add("error", format, args) }

// take returns the lines since the last take.
func (l *logLines) take() string {
	s := strings.Join(l.lines, "\n")
	l.lines = nil
	return s
}
