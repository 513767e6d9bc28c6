package acm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// request goes on with a certificate that waits for its proofs.
func (e *Engine) request(ctx context.Context, s model.CertificateState) outcome {
	if e.c.CreateRecords && s.Work == nil {
		e.createRecords(ctx, s)
	}
	names := e.prove(ctx, s, true)
	if ctx.Err() != nil {
		return outcome{}
	}
	waiting := outcome{next: e.pollInterval(s), waiting: true}
	if !proven(names) {
		e.note(ctx, s, &model.CertificateWork{Names: names, Reason: firstReason(names)})
		return waiting
	}
	if err := e.checkCAA(ctx, s); err != nil {
		work := &model.CertificateWork{Names: names, Reason: line(err)}
		if errors.Is(err, errCAA) {
			work.Failure = model.FailureCAA
			e.fail(ctx, s, work)
			return outcome{next: idle}
		}
		e.note(ctx, s, work)
		return waiting
	}
	err := e.issue(ctx, s, &model.CertificateWork{Names: names})
	return e.settle(ctx, s, names, err)
}

// settle writes down why an issuance failed, if it did.
func (e *Engine) settle(ctx context.Context, s model.CertificateState, names []model.NameValidation, err error) outcome {
	if err == nil || ctx.Err() != nil {
		return outcome{next: time.Second}
	}
	work := &model.CertificateWork{Names: names, Reason: line(err)}
	if refused := (*RefusedError)(nil); errors.As(err, &refused) {
		work.Failure = refused.Failure
		e.fail(ctx, s, work)
		return outcome{next: idle}
	}
	if errors.Is(err, errOvertaken) {
		return outcome{next: time.Second}
	}
	e.count("issue")
	e.c.Log.Warn("certificate not issued, trying again", zap.String("certificate", s.ARN), zap.Error(err))
	e.note(ctx, s, work)
	return outcome{next: e.pollInterval(s), failed: true}
}

// pollInterval returns when a record is looked for again: after 5 seconds in
// the first minute, then at ever longer intervals up to 5 minutes, never after
// the time is out (aws-behaviour 7.4).
func (e *Engine) pollInterval(s model.CertificateState) time.Duration {
	age := e.c.Now().Sub(s.Created)
	wait := min(5*time.Minute, max(5*time.Second, age/12))
	return max(0, min(wait, model.ValidationTime-age))
}

// prove looks the proofs of all names up, at once. Where earlier is true, names
// that were proven before stay so (aws-behaviour 7.4).
func (e *Engine) prove(ctx context.Context, s model.CertificateState, earlier bool) []model.NameValidation {
	names := make([]model.NameValidation, len(s.Names))
	for i, n := range s.Names {
		names[i] = model.NameValidation{Name: n, Status: model.ValidationPending}
		if earlier && s.Work != nil && slices.ContainsFunc(s.Work.Names, func(w model.NameValidation) bool {
			return w.Name == n && w.Status == model.ValidationSuccess
		}) {
			names[i].Status = model.ValidationSuccess
		}
	}
	found := make([]error, len(s.Tokens))
	asked := make([]bool, len(s.Tokens))
	var wg sync.WaitGroup
	for i, t := range s.Tokens {
		asked[i] = slices.ContainsFunc(names, func(n model.NameValidation) bool {
			return model.BaseName(n.Name) == t.Base && n.Status != model.ValidationSuccess
		})
		if asked[i] {
			wg.Go(func() { found[i] = e.proveToken(ctx, t) })
		}
	}
	wg.Wait()
	for i, t := range s.Tokens {
		for j := range names {
			n := &names[j]
			switch {
			case !asked[i] || model.BaseName(n.Name) != t.Base || n.Status == model.ValidationSuccess:
			case found[i] == nil:
				n.Status = model.ValidationSuccess
			default:
				n.Reason = line(found[i])
			}
		}
	}
	return names
}

// proveToken looks one proof up, first where this CA's requesters are told to
// put it.
func (e *Engine) proveToken(ctx context.Context, t model.ValidationToken) error {
	names := recordNames(t)
	if e.c.Authority.Directory() != "" {
		names[0], names[1] = names[1], names[0]
	}
	first := e.c.Resolver.proven(ctx, names[0], t.Target)
	result := "proven"
	err := first
	if err != nil && e.c.Resolver.proven(ctx, names[1], t.Target) == nil {
		err = nil
	}
	if err != nil {
		result = "unproven"
	}
	if e.c.Metrics != nil && ctx.Err() == nil {
		e.c.Metrics.lookups.WithLabelValues(result).Inc()
	}
	return err
}

// checkCAA returns why CAA records do not allow one of the names, or could not
// be seen.
func (e *Engine) checkCAA(ctx context.Context, s model.CertificateState) error {
	more, err := e.c.Authority.CAAIssuers(ctx)
	if err != nil {
		return err
	}
	issuers := append(slices.Clone(amazonCAs), more...)
	for _, n := range s.Names {
		if err := e.c.Resolver.allowed(ctx, n, issuers); err != nil {
			return err
		}
	}
	return nil
}

// proven tells whether all names are.
func proven(names []model.NameValidation) bool {
	return !slices.ContainsFunc(names, func(n model.NameValidation) bool { return n.Status != model.ValidationSuccess })
}

// firstReason returns the first name's reason that has one.
func firstReason(names []model.NameValidation) string {
	for _, n := range names {
		if n.Reason != "" {
			return n.Reason
		}
	}
	return ""
}

// line returns an error in one line of bounded length, as rows hold it.
func line(err error) string {
	const most = 500
	out := []byte(err.Error())
	for i, c := range out {
		if c < ' ' || c >= 0x7f {
			out[i] = ' '
		}
	}
	return string(out[:min(len(out), most)])
}

// note writes how far the work has come, where that is news.
func (e *Engine) note(ctx context.Context, s model.CertificateState, w *model.CertificateWork, events ...*model.CertificateEvent) {
	w.ARN, w.Node, w.At = s.ARN, e.c.Node, e.c.Now().UTC()
	_, err := e.c.Replica.Commit(ctx, func(t *state.Tx) error {
		if _, ok := t.Get(model.TableCertificates, s.ARN); !ok {
			return nil
		}
		if v, ok := t.Get(model.TableCertificateWork, s.ARN); ok && sameWork(v.(*model.CertificateWork), w) {
			return nil
		}
		if err := putEvents(t, events); err != nil {
			return err
		}
		if w.Reason != "" {
			e.c.Log.Info("certificate waits", zap.String("certificate", s.ARN), zap.String("for", w.Reason))
		}
		return t.Put(w)
	})
	if err != nil && ctx.Err() == nil {
		e.c.Log.Error("state of a certificate not written", zap.String("certificate", s.ARN), zap.Error(err))
	}
}

// sameWork tells whether two rows say the same, whoever wrote them when.
func sameWork(a, b *model.CertificateWork) bool {
	if a.Failure != b.Failure || a.Reason != b.Reason || !slices.Equal(a.Names, b.Names) || (a.Renewal == nil) != (b.Renewal == nil) {
		return false
	}
	return a.Renewal == nil || a.Renewal.Status == b.Renewal.Status && a.Renewal.Failure == b.Renewal.Failure &&
		a.Renewal.Reason == b.Renewal.Reason && slices.Equal(a.Renewal.Names, b.Renewal.Names)
}

// eventTime is how long an event is kept.
const eventTime = 30 * 24 * time.Hour

func putEvents(t *state.Tx, events []*model.CertificateEvent) error {
	for _, ev := range events {
		if err := t.PutUntil(ev, time.UnixMilli(ev.At).Add(eventTime)); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) event(s model.CertificateState, kind, format string, args ...any) *model.CertificateEvent {
	return &model.CertificateEvent{ARN: s.ARN, Kind: kind, Text: line(fmt.Errorf(format, args...)), Node: e.c.Node, At: e.c.Now().UnixMilli()}
}

// count counts a failure.
func (e *Engine) count(reason string) {
	if e.c.Metrics != nil {
		e.c.Metrics.failed.WithLabelValues(reason).Inc()
	}
}

// fail ends a request for good.
func (e *Engine) fail(ctx context.Context, s model.CertificateState, w *model.CertificateWork) {
	e.count(w.Failure)
	e.c.Log.Warn("certificate request failed", zap.String("certificate", s.ARN), zap.String("failure", w.Failure), zap.String("reason", w.Reason))
	e.note(ctx, s, w, e.event(s, "failed", "%s: %s", w.Failure, w.Reason))
}

// timeOut says once that the time of a request is out.
func (e *Engine) timeOut(ctx context.Context, s model.CertificateState) {
	w := &model.CertificateWork{Reason: "no proof within 72 hours"}
	if s.Work != nil {
		w.Names = slices.Clone(s.Work.Names)
	}
	for i := range w.Names {
		if w.Names[i].Status != model.ValidationSuccess {
			w.Names[i].Status = model.ValidationFailed
		}
	}
	if s.Work != nil && sameWork(s.Work, w) {
		return
	}
	e.count("VALIDATION_TIMED_OUT")
	e.c.Log.Warn("certificate request timed out", zap.String("certificate", s.ARN))
	e.note(ctx, s, w, e.event(s, "timed_out", "no proof within 72 hours"))
}
