package sni

import "strings"

// Covers tells whether certificates are held for the server name and every one
// of them covers the host. Every one, because which of them a connection was
// secured with is unknown once its session has been resumed. Both names are
// host names without port and final dot, in any case.
//
// It costs what a choice costs: usually neither allocation nor lock.
func (x *Index) Covers(serverName, host string) bool {
	set := x.lookup(strings.ToLower(serverName), x.now().UnixNano())
	if set == nil {
		return false
	}
	host = strings.ToLower(host)
	for i := range set.ranked {
		if !set.ranked[i].Covers(host) {
			return false
		}
	}
	return true
}

// Account returns the account that all certificates held for the server name
// belong to; empty if there is none, if they differ, or if one belongs to
// nobody, as Caddy's own do. The name is as in [Index.Covers].
func (x *Index) Account(serverName string) string {
	set := x.lookup(strings.ToLower(serverName), x.now().UnixNano())
	if set == nil {
		return ""
	}
	account := set.ranked[0].Account
	for i := range set.ranked {
		if set.ranked[i].Account != account {
			return ""
		}
	}
	return account
}
