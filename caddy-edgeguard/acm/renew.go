package acm

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state/model"
)

// renew goes on with an issued certificate: it is renewed once its time has
// come, if something uses it or it was exported, as long as its names stay
// proven; or when its owner asks (aws-behaviour 7.6).
func (e *Engine) renew(ctx context.Context, s model.CertificateState) outcome {
	now := e.c.Now()
	asked := s.Asked != nil && s.Asked.At.After(s.Leaf.Issued) && s.Asked.At.After(s.Leaf.Renewed)
	window := e.c.renewalWindow(s.Leaf)
	if due := s.Leaf.NotAfter.Add(-window); now.Before(due) && !asked {
		return outcome{next: min(idle, due.Sub(now))}
	}
	again := outcome{next: min(time.Hour, max(5*time.Second, window/20), s.Leaf.NotAfter.Sub(now)+time.Second)}
	if used := len(e.c.InUseBy(s.ARN)) > 0 || s.Exported != nil; !used || s.Method != model.ValidateByDNS {
		return again
	}
	names := e.prove(ctx, s, false)
	if ctx.Err() != nil {
		return outcome{}
	}
	if !proven(names) {
		e.unproven(ctx, s, names)
		again.waiting, again.unproof = true, true
		return again
	}
	if err := e.checkCAA(ctx, s); err != nil {
		e.noteRenewal(ctx, s, names, err)
		return again
	}
	renewal := &model.CertificateRenewal{Status: model.RenewalSuccess, Names: names, Updated: now.UTC()}
	err := e.issue(ctx, s, &model.CertificateWork{Names: names, Renewal: renewal})
	switch {
	case ctx.Err() != nil:
		return outcome{}
	case err == nil || errors.Is(err, errOvertaken):
		return outcome{next: time.Second}
	}
	e.count("renew")
	e.c.Log.Warn("certificate not renewed, trying again", zap.String("certificate", s.ARN), zap.Error(err))
	e.noteRenewal(ctx, s, names, err)
	again.failed = true
	return again
}

// noteRenewal writes that a renewal is under way, and why it is not done yet.
func (e *Engine) noteRenewal(ctx context.Context, s model.CertificateState, names []model.NameValidation, why error) {
	r := &model.CertificateRenewal{Status: model.RenewalPendingAuto, Names: names, Reason: line(why), Updated: e.c.Now().UTC()}
	if errors.Is(why, errCAA) {
		r.Failure = model.FailureCAA
	}
	e.note(ctx, s, &model.CertificateWork{Names: names, Renewal: r})
}

// unproven writes that a renewal waits for a record that is gone, and warns of
// it when that becomes so.
func (e *Engine) unproven(ctx context.Context, s model.CertificateState, names []model.NameValidation) {
	r := &model.CertificateRenewal{Status: model.RenewalPendingValidation, Names: names, Reason: firstReason(names), Updated: e.c.Now().UTC()}
	w := &model.CertificateWork{Names: names, Renewal: r}
	if s.Work != nil && s.Work.Renewal != nil && s.Work.Renewal.Status == r.Status {
		e.note(ctx, s, w)
		return
	}
	e.c.Log.Warn("certificate cannot be renewed: a validation record is gone",
		zap.String("certificate", s.ARN), zap.String("reason", r.Reason), zap.Time("not_after", s.Leaf.NotAfter))
	e.note(ctx, s, w, e.event(s, "renewal_pending_validation", "%s; it ends at %s", r.Reason, s.Leaf.NotAfter))
}

// expire says once that a certificate that was to be renewed has ended.
func (e *Engine) expire(ctx context.Context, s model.CertificateState) {
	if s.Work == nil || s.Work.Renewal == nil || s.Work.Renewal.Status == model.RenewalFailed || s.Work.Renewal.Status == model.RenewalSuccess {
		return
	}
	r := *s.Work.Renewal
	r.Names = slices.Clone(r.Names)
	for i := range r.Names {
		if r.Names[i].Status != model.ValidationSuccess {
			r.Names[i].Status = model.ValidationFailed
		}
	}
	r.Status, r.Updated = model.RenewalFailed, e.c.Now().UTC()
	if r.Failure == "" {
		r.Failure = model.FailureOther
	}
	e.count("EXPIRED")
	e.c.Log.Error("certificate has expired without renewal", zap.String("certificate", s.ARN), zap.String("reason", r.Reason))
	e.note(ctx, s, &model.CertificateWork{Names: r.Names, Renewal: &r}, e.event(s, "expired", "not renewed: %s", r.Reason))
}
