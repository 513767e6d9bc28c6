package operator

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/awsjson"
	"github.com/edgestage/edgestage/state/model"
)

// The kinds of resource that events are about.
const (
	ofHealthCheck = "healthcheck"
	ofCertificate = "certificate"
)

// How many events are shown.
const (
	defaultEvents = 100
	maxEvents     = 1000
)

// events are what happened, as it is shown.
type events struct{ Events []event }

// event is one thing that happened.
type event struct {
	Time awsjson.Time
	// Kind is what Resource is, Event what became of it, in one word.
	Kind, Event string
	// Resource is the id of a health check, or the ARN of a certificate.
	Resource string
	// Forced says that an operator made it so.
	Forced bool   `json:",omitempty"`
	Reason string `json:",omitempty"`
	// Node is the name of the node that saw it.
	Node string
}

// showEvents shows what happened to the account's health checks and
// certificates, the newest first.
func (s *Service) showEvents(w http.ResponseWriter, r *api.Request) error {
	query := r.URL.Query()
	most, kind := defaultEvents, query.Get("kind")
	if text := query.Get("max"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxEvents {
			return awserr.New(awserr.Validation, "max %.20q is no number in [1, %d]", text, maxEvents)
		}
		most = n
	}
	if kind != "" && kind != ofHealthCheck && kind != ofCertificate {
		return awserr.New(awserr.Validation, "kind %.64q is none of %q", kind, []string{ofHealthCheck, ofCertificate})
	}
	out := events{Events: []event{}}
	err := s.config.Replica.View(func(rd *state.Reader) error {
		if kind != ofCertificate {
			out.Events = append(out.Events, healthEvents(rd, r.Account)...)
		}
		if kind != ofHealthCheck {
			out.Events = append(out.Events, certificateEvents(rd, r.Account)...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(out.Events, func(a, b event) int { return cmp.Compare(b.at(), a.at()) })
	out.Events = out.Events[:min(most, len(out.Events))]
	return awsjson.Write(w, out)
}

func (e event) at() int64 { return time.Time(e.Time).UnixMilli() }

func healthEvents(rd *state.Reader, account string) (found []event) {
	rd.Range(model.TableEvents, "", "", func(v model.Value, _ state.Version) bool {
		if e := v.(*model.HealthEvent); e.Account == account {
			found = append(found, event{awsjson.Time(e.Time()), ofHealthCheck, e.State, e.HealthCheckID, e.Forced, e.Reason, e.Node})
		}
		return true
	})
	return found
}

func certificateEvents(rd *state.Reader, account string) (found []event) {
	rd.Range(model.TableCertificateEvents, "", "", func(v model.Value, _ state.Version) bool {
		e := v.(*model.CertificateEvent)
		if _, owner, _, ok := model.ParseCertificateARN(e.ARN); ok && owner == account {
			found = append(found, event{awsjson.Time(time.UnixMilli(e.At)), ofCertificate, e.Kind, e.ARN, false, e.Text, e.Node})
		}
		return true
	})
	return found
}
