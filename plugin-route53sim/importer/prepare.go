package importer

import (
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// unfit is an RRset that makes no row.
type unfit struct {
	index int // among those given
	err   error
}

// prepareShare is how many RRsets make it worth to begin a goroutine.
const prepareShare = 2000

// prepare returns the rows of sets in key order, and the sets that make none in
// the order of sets. It takes all cores: validating and encoding is half of the
// work of a load, and none of it needs the node.
func prepare(sets []*model.RRset) (rows []*state.Prepared, faults []unfit) {
	rows = make([]*state.Prepared, len(sets))
	workers := min(runtime.GOMAXPROCS(0), 1+len(sets)/prepareShare)
	found := make([][]unfit, workers)
	var group sync.WaitGroup
	for w := range workers {
		from, to := w*len(sets)/workers, (w+1)*len(sets)/workers
		group.Go(func() {
			for i := from; i < to; i++ {
				var err error
				if rows[i], err = state.Prepare(sets[i]); err != nil {
					found[w] = append(found[w], unfit{i, err})
				}
			}
		})
	}
	group.Wait()
	if faults = slices.Concat(found...); len(faults) > 0 {
		return nil, faults
	}
	slices.SortFunc(rows, func(a, b *state.Prepared) int { return strings.Compare(a.Key(), b.Key()) })
	return rows, nil
}
