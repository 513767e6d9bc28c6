package model

import "time"

// ValidationTime is how long a requested certificate waits for its proofs
// (aws-behaviour 7.4).
const ValidationTime = 72 * time.Hour

// The states of a certificate (aws-behaviour 7.5).
const (
	CertificatePending  = "PENDING_VALIDATION"
	CertificateActive   = "ISSUED"
	CertificateExpired  = "EXPIRED"
	CertificateTimedOut = "VALIDATION_TIMED_OUT"
	CertificateRevoked  = "REVOKED"
	CertificateFailed   = "FAILED"
)

// CertificateState is a certificate and what became of it. The rows are shared:
// they must not be modified.
type CertificateState struct {
	*Certificate
	// Work is nil while nobody has worked on it, Leaf while none is issued.
	Work *CertificateWork
	Leaf *CertificateLeaf
	// Revoked, Exported and Asked (for renewal) are nil unless that happened.
	Revoked, Exported, Asked *CertificateMark
}

// RowGetter reads one row, such as a state.Reader.
type RowGetter interface {
	Get(table, key string) (Value, bool)
}

// CertificateAt returns the certificate with an ARN, and whether there is one.
// Rows of a certificate that is gone are inert.
func CertificateAt(rows RowGetter, arn string) (CertificateState, bool) {
	v, ok := rows.Get(TableCertificates, arn)
	if !ok {
		return CertificateState{}, false
	}
	s := CertificateState{Certificate: v.(*Certificate)}
	if v, ok := rows.Get(TableCertificateWork, arn); ok {
		s.Work = v.(*CertificateWork)
	}
	if v, ok := rows.Get(TableCertificateLeaves, arn); ok {
		s.Leaf = v.(*CertificateLeaf)
	}
	mark := func(kind string) *CertificateMark {
		if v, ok := rows.Get(TableCertificateMarks, CertificateMarkKey(arn, kind)); ok {
			return v.(*CertificateMark)
		}
		return nil
	}
	s.Revoked, s.Exported, s.Asked = mark(MarkRevoked), mark(MarkExported), mark(MarkRenewal)
	return s, true
}

// Status returns the certificate's state at a time:
//
//	revoked             REVOKED
//	leaf, in its time   ISSUED
//	leaf, past it       EXPIRED
//	failure             FAILED
//	72 h without proof  VALIDATION_TIMED_OUT
//	else                PENDING_VALIDATION
//
// It is a function of the rows and the time, so that no node need be alive for
// a certificate to expire or to time out.
func (s CertificateState) Status(now time.Time) string {
	switch {
	case s.Revoked != nil:
		return CertificateRevoked
	case s.Leaf != nil && now.After(s.Leaf.NotAfter):
		return CertificateExpired
	case s.Leaf != nil:
		return CertificateActive
	case s.Work != nil && s.Work.Failure != "":
		return CertificateFailed
	case !now.Before(s.Created.Add(ValidationTime)):
		return CertificateTimedOut
	}
	return CertificatePending
}

// Usable tells whether the certificate can serve at a time: issued, in its
// time, not revoked.
func (s CertificateState) Usable(now time.Time) bool {
	return s.Status(now) == CertificateActive && !now.Before(s.Leaf.NotBefore)
}

// Validation returns the state of a name's proof at a time.
func (s CertificateState) Validation(n Name, now time.Time) NameValidation {
	v := NameValidation{Name: n, Status: ValidationPending}
	if s.Work != nil {
		for _, w := range s.Work.Names {
			if w.Name == n {
				v = w
			}
		}
	}
	switch s.Status(now) {
	case CertificateActive, CertificateExpired, CertificateRevoked:
		return NameValidation{Name: n, Status: ValidationSuccess}
	case CertificateTimedOut:
		v.Status = ValidationFailed
	case CertificateFailed:
		if v.Status == ValidationPending {
			v.Status = ValidationFailed
		}
	}
	return v
}
