package state

import (
	"context"
	"time"
)

// awaitPause is how long to wait before members are asked once more.
const awaitPause = 20 * time.Millisecond

// AwaitInSync returns nil once the views of every member that serves cover the
// commit v, as [Replica.InSync] tells it, and else ctx's error or [ErrClosed].
// A member that dies meanwhile is waited for until it is found dead.
func (r *Replica) AwaitInSync(ctx context.Context, v Version) error {
	for {
		if ok, err := r.InSync(ctx, v); ok || err != nil {
			return err
		}
		select {
		case <-time.After(awaitPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
