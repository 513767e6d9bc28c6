package main

import (
	"github.com/coredns/caddy"
	"github.com/coredns/coredns/coremain"
)

// version is that of edgestage; the linker sets it: -ldflags '-X main.version=1.2.3'.
var version = "dev"

// tellVersion makes -version, the log at start and plugin chaos tell our
// version after CoreDNS's own: CoreDNS-1.15.0+edgestage-dev.
func tellVersion() {
	caddy.AppVersion = coremain.CoreVersion + "+edgestage-" + version
}
