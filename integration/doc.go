// Package integration tests the built binaries from outside: real processes,
// real sockets, real clients. The binaries are those in ../bin, or in the
// folder that EDGESTAGE_BIN names; `make test` builds them first.
//
// A test that wants a client which is not installed is skipped and says so;
// with EDGESTAGE_CI set, it fails.
package integration
