package state

// Count returns how many rows of table have a key that begins with prefix. It
// decodes no value, so rows that do not validate here count as well, and it
// stops at most, where that is not 0.
func (r *Reader) Count(table, prefix string, most int) int {
	n := 0
	r.rows.scan(table, prefix, "", func(row *Row) bool {
		if row.live(r.now) {
			n++
		}
		return most == 0 || n < most
	})
	return n
}

// Has tells whether a row is there under (table, key). It decodes no value, so
// one that does not validate here counts as well.
func (r *Reader) Has(table, key string) bool {
	row := r.rows.get(table, key)
	return row != nil && row.live(r.now)
}
