// Package signal sets what health checks of the types CLOUDWATCH_METRIC and
// RECOVERY_CONTROL follow: the states of alarms and of routing controls, which
// edgestage does not have itself (aws-behaviour 4.4). Three services do so.
package signal

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// ErrNoFollower is a signal that no health check of the account follows: a
// misspelt name, most likely.
var ErrNoFollower = errors.New("no health check of the account follows it")

// Alarm returns the source of a CloudWatch alarm's signal.
func Alarm(region, name string) string { return "alarm/" + region + "/" + name }

// State is the state that one source has from now on.
type State struct {
	// Source is what [model.HealthCheck.Signal] returns.
	Source string
	// Value is one of the states of [model.HealthSignal].
	Value string
}

// Set makes states known to all nodes, in one commit, all or none. By says who
// set them and why. It returns [ErrNoFollower] where a source has no follower
// in the account.
func Set(ctx context.Context, r *state.Replica, account string, states []State, by string, now time.Time) error {
	_, err := r.Commit(ctx, func(t *state.Tx) error {
		followed := sources(&t.Reader, account)
		for _, s := range states {
			if !slices.Contains(followed, s.Source) {
				return ErrNoFollower
			}
			next := model.HealthSignal{Account: account, Source: s.Source, State: s.Value, By: shorten(by), At: now.UTC()}
			if err := t.Put(next.After(Get(&t.Reader, account, s.Source))); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// Get returns the signal of a source, nil if it was never set.
func Get(rd *state.Reader, account, source string) *model.HealthSignal {
	v, ok := rd.Get(model.TableHealthSignals, model.HealthSignalKey(account, source))
	if !ok {
		return nil
	}
	return v.(*model.HealthSignal)
}

// Followed returns the sources that health checks of the account follow,
// sorted.
func Followed(rd *state.Reader, account string) []string {
	out := sources(rd, account)
	slices.Sort(out)
	return slices.Compact(out)
}

func sources(rd *state.Reader, account string) []string {
	var out []string
	rd.Range(model.TableHealthChecks, "", "", func(v model.Value, _ state.Version) bool {
		if h := v.(*model.HealthCheck); h.Account == account && h.Signal() != "" {
			out = append(out, h.Signal())
		}
		return true
	})
	return out
}

// maxBy is how much of who and why is kept, in bytes.
const maxBy = 1000

func shorten(s string) string {
	if len(s) <= maxBy {
		return s
	}
	s = s[:maxBy]
	for len(s) > 0 && !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return strings.TrimSpace(s)
}
