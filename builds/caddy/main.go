// Command caddy is Caddy with its standard modules and those of
// caddy-edgeguard: what xcaddy builds, as a plain main for debuggers and the
// race detector.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "github.com/caddyserver/caddy/v2/modules/standard"
	_ "github.com/edgestage/edgestage/caddy-edgeguard"
)

func main() {
	caddycmd.Main()
}
