package fronting

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// noServerName stands for connections without a server name.
const noServerName = "none"

// Exception lets requests pass that would be refused with 421 or 403. All that
// it says must hold, so each thing more makes it narrower.
type Exception struct {
	// The server names of the connections it is for: host names in lower case,
	// `*.` and a name for all one label below, `none` for connections without
	// a server name. Default: any.
	ServerNames []string `json:"server_names,omitempty"`

	// What the requests must match: a set of Caddy's request matchers, such as
	// `host`, `path`, `method`, `remote_ip`. Default: any request.
	MatchRaw caddy.ModuleMap `json:"match,omitempty" caddy:"namespace=http.matchers"`

	matchers []caddyhttp.RequestMatcherWithError
}

// provision loads the matchers.
func (e *Exception) provision(ctx caddy.Context) error {
	if len(e.MatchRaw) == 0 {
		return nil
	}
	loaded, err := ctx.LoadModule(e, "MatchRaw")
	if err != nil {
		return fmt.Errorf("loading matchers: %w", err)
	}
	set := loaded.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(set)) {
		m, ok := set[name].(caddyhttp.RequestMatcherWithError)
		if !ok {
			return fmt.Errorf("matcher '%s' has the type %T, which reports no errors", name, set[name])
		}
		e.matchers = append(e.matchers, m)
	}
	return nil
}

// validate refuses exceptions that say nothing, and server names that there
// are not.
func (e *Exception) validate() error {
	if len(e.ServerNames)+len(e.MatchRaw)+len(e.matchers) == 0 {
		return errors.New("an exception that allows everything: name server names or matchers, or leave the handler out")
	}
	for _, name := range e.ServerNames {
		if !isPlain(strings.TrimPrefix(name, "*.")) {
			return fmt.Errorf("server name '%s' is none: want a lower-case host name, '*.' before one, or '%s'", name, noServerName)
		}
	}
	return nil
}

// allows tells whether the exception is for a request on a connection of that
// server name. It is not where a matcher fails.
func (e *Exception) allows(r *http.Request) bool {
	if len(e.ServerNames) > 0 && !slices.ContainsFunc(e.ServerNames, func(pattern string) bool { return matchServerName(pattern, r.TLS.ServerName) }) {
		return false
	}
	for _, m := range e.matchers {
		if ok, err := m.MatchWithError(r); err != nil || !ok {
			return false
		}
	}
	return true
}

// matchServerName tells whether a server name is the one of an exception.
func matchServerName(pattern, serverName string) bool {
	name, err := normalServerName(serverName)
	if err != nil {
		return false
	}
	if name == "" {
		return pattern == noServerName
	}
	if suffix, ok := strings.CutPrefix(pattern, "*"); ok {
		label, ok := strings.CutSuffix(name, suffix)
		return ok && label != "" && !strings.Contains(label, ".")
	}
	return name == pattern
}
