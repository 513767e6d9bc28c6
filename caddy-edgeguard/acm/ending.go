package acm

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// day is how often the end of a certificate is announced.
const day = 24 * time.Hour

// announceEnd writes an event a day once a certificate, whoever made it, ends
// within the days that the account configuration says (aws-behaviour 7.6). It
// returns how long nothing is to be announced.
func (e *Engine) announceEnd(ctx context.Context, s model.CertificateState, now time.Time) time.Duration {
	if s.Leaf == nil || s.Status(now) != model.CertificateActive {
		return idle
	}
	left := s.Leaf.NotAfter.Sub(now)
	days := (left + day - 1) / day
	first := int64(model.DefaultDaysBeforeExpiry)
	if int64(days) > first {
		return min(idle, left-time.Duration(first)*day)
	}
	key := model.CertificateConfigurationKey(s.Account, s.Region)
	// The event of a day is the same row, whoever writes it.
	event := &model.CertificateEvent{
		ARN: s.ARN, Kind: "approaching_expiration", Node: "acm", At: s.Leaf.NotAfter.Add(-days * day).UnixMilli(),
		Text: fmt.Sprintf("DaysToExpiry %d, CommonName %s", days, s.DomainName()),
	}
	_, err := e.c.Replica.Commit(ctx, func(t *state.Tx) error {
		if v, ok := t.Get(model.TableCertificateConfigurations, key); ok {
			first = v.(*model.CertificateConfiguration).DaysBeforeExpiry
		}
		if _, ok := t.Get(event.Table(), event.Key()); ok || int64(days) > first {
			return nil
		}
		e.c.Log.Warn("certificate approaches its end", zap.String("certificate", s.ARN), zap.Int("days", int(days)))
		return putEvents(t, []*model.CertificateEvent{event})
	})
	if err != nil && ctx.Err() == nil {
		e.c.Log.Error("end of a certificate not announced", zap.String("certificate", s.ARN), zap.Error(err))
	}
	if next := left - (days-1)*day; days > 0 && next > 0 {
		return min(idle, next+time.Second)
	}
	return idle
}
