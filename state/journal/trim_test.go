package journal

import (
	"fmt"
	"testing"

	"github.com/edgestage/edgestage/state"
)

// TestTrimLosesNothing gives the mapped pages back and reads everything again.
func TestTrimLosesNothing(t *testing.T) {
	j := open1(t, t.TempDir())
	defer j.Close()
	w := &state.Write{}
	for i := range 5000 {
		w.Put = append(w.Put, &state.Row{Table: "t", Key: fmt.Sprintf("%05d", i), Value: make([]byte, 100)})
	}
	if err := j.Write(w); err != nil {
		t.Fatal(err)
	}
	before := dump(j, "")
	trimmer, ok := state.Store(j).(state.Trimmer)
	if !ok {
		t.Skip("the journal gives no memory back on this system")
	}
	trimmer.Trim()
	if after := dump(j, ""); after != before {
		t.Error("rows differ after the memory was given back")
	}
}
