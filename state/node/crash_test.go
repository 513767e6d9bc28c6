package node

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// crashEnv tells the test binary to be the process that gets killed.
const crashEnv = "EDGESTAGE_CRASH_DATA"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashEnv); dir != "" {
		writeUntilKilled(dir)
	}
	os.Exit(m.Run())
}

// writeUntilKilled commits rows and prints each one once it is acknowledged.
func writeUntilKilled(dir string) {
	n := New(Config{Name: "doomed", Data: dir}, &testLog{})
	if err := n.Start(); err != nil {
		fmt.Println("start:", err)
		os.Exit(1)
	}
	for i := 0; ; i++ {
		_, err := n.Commit(context.Background(), func(tx *state.Tx) error {
			return tx.Put(&model.Import{Zone: fmt.Sprint("Z", i)})
		})
		if err != nil {
			fmt.Println("commit:", err)
			os.Exit(1)
		}
		fmt.Println(i)
	}
}

// TestKilledProcessLosesNothingAcknowledged kills a writing process with
// SIGKILL, several times over the same folder, and looks for every row that it
// said was committed.
func TestKilledProcessLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	for round, acks := range []int{1, 7, 40} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), crashEnv+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		last := -1
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if _, err := fmt.Sscan(lines.Text(), &last); err != nil {
				t.Fatalf("the writing process says %q", lines.Text())
			}
			if last == acks {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait()
		if last < acks {
			t.Fatalf("round %d: the process stopped after %d commits, want at least %d", round, last, acks)
		}
		n := New(Config{Name: "doomed", Data: dir}, &testLog{})
		if err := n.Start(); err != nil {
			t.Fatalf("round %d: reopening after a kill: %v", round, err)
		}
		for i := range last + 1 {
			if !has(n, fmt.Sprint("Z", i)) {
				t.Errorf("round %d: row %d was acknowledged and is gone", round, i)
			}
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
