package edgeguard

import (
	"context"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
)

// eventHandler calls a function for an event of Caddy's.
type eventHandler struct{ do func() }

// Handle implements [caddyevents.Handler].
func (h eventHandler) Handle(context.Context, caddy.Event) error {
	h.do()
	return nil
}

// Interface guards
var _ caddyevents.Handler = eventHandler{}
