package edgeguard

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgestage/edgestage/caddy-edgeguard/sni"
)

// handshakeMetrics count the handshakes of one configuration.
type handshakeMetrics struct {
	choices *prometheus.CounterVec
	tickets *prometheus.CounterVec
	counter sync.Map // choiceLabels to prometheus.Counter: a look-up without lock
}

// choiceLabels are the labels of a choice.
type choiceLabels struct {
	outcome sni.Outcome
	keyType string
}

// newHandshakeMetrics registers the metrics with a registry that is new at each
// load.
func newHandshakeMetrics(reg prometheus.Registerer) (*handshakeMetrics, error) {
	m := &handshakeMetrics{
		choices: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "caddy", Subsystem: "edgeguard", Name: "certificate_choices_total",
			Help: "Counter of handshakes by how their certificate was chosen and the type of its key.",
		}, []string{"outcome", "key_type"}),
		tickets: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "caddy", Subsystem: "edgeguard", Name: "session_tickets_total",
			Help: "Counter of session tickets that clients showed, by what became of them.",
		}, []string{"outcome"}),
	}
	for _, outcome := range []string{ticketResumed, ticketForeign, ticketUnknown} {
		m.tickets.WithLabelValues(outcome)
	}
	if err := reg.Register(m.choices); err != nil {
		return nil, err
	}
	return m, reg.Register(m.tickets)
}

// choseCertificate counts a choice.
func (m *handshakeMetrics) choseCertificate(c sni.Choice) {
	labels := choiceLabels{outcome: c.Outcome, keyType: "none"}
	if c.Certificate != nil {
		labels.keyType = c.Certificate.KeyType
	}
	counter, ok := m.counter.Load(labels)
	if !ok {
		counter, _ = m.counter.LoadOrStore(labels, m.choices.WithLabelValues(labels.outcome.String(), labels.keyType))
	}
	counter.(prometheus.Counter).Inc()
}

// sawTicket counts a session ticket.
func (m *handshakeMetrics) sawTicket(outcome string) { m.tickets.WithLabelValues(outcome).Inc() }
