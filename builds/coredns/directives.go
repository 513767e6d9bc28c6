package main

// directives is the order in which plugins handle a query: CoreDNS's own, with
// route53sim where an authoritative, writable source belongs, after whatever
// filters, rewrites, caches or signs, and before file and forward. A plugin
// that is not named here does not exist for the server.
var directives = []string{
	"root", "metadata", "geoip", "cancel", "proxyproto", "quic", "grpc_server", "https", "https3",
	"timeouts", "multisocket", "reload", "nsid", "bufsize", "bind", "debug", "ready", "health", "pprof",
	"shed", "prometheus", "errors", "log", "dnstap", "local", "dns64", "siit", "any", "chaos", "loadbalance",
	"tsig", "rewrite", "autopath", "acl", "cache", "header", "dnssec", "tls", "minimal", "template",
	"transfer", "dynupdate", "hosts", "route53sim", "file", "auto", "secondary", "loop", "forward", "grpc",
	"erratic", "whoami", "on", "sign", "view",
}
