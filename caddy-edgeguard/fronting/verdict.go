package fronting

import "net/netip"

// Owner is who a host name belongs to.
type Owner struct {
	// Account has 12 digits.
	Account string
	// Distribution tells a distribution's names from a load balancer's.
	Distribution bool
}

// Claims tells who owns host names at one moment. Implementations look up in
// an immutable view.
type Claims interface {
	// Owner returns who owns a host name in normal form, and whether anybody
	// does.
	Owner(host string) (Owner, bool)
}

// Certificates tells what the certificates that are held for a server name
// cover, and whose they are. Implementations neither block nor do I/O.
type Certificates interface {
	// Covers tells whether certificates are held for the server name and every
	// one of them covers the host.
	Covers(serverName, host string) bool
	// Account returns the account that all certificates held for the server
	// name belong to, empty if there is no such account. Without a server name
	// it is that of the load balancer whose default certificate is presented.
	Account(serverName string) string
}

// Permissions are what lets a request pass whose host is not the server name.
type Permissions struct {
	// Account: the host belongs to the server name's account.
	Account bool
	// Certificate: the host belongs to nobody, and every certificate held for
	// the server name covers it.
	Certificate bool
}

// Verdict is what becomes of a request.
type Verdict uint8

const (
	// Pass: the server name entitles the connection to the host.
	Pass Verdict = iota
	// Excepted: it does not, and an exception of the site lets it pass.
	Excepted
	// Misdirected: it does not. The client may ask on another connection.
	Misdirected
	// Unclaimed: nobody owns the host, and the server name is a
	// distribution's.
	Unclaimed
	// Malformed: server name or host has no normal form, or the request names
	// two hosts.
	Malformed
)

// verdicts are the names of all verdicts, in their order: labels of a metric,
// and reasons in the access log.
var verdicts = [...]string{"passed", "excepted", "misdirected", "unclaimed", "malformed"}

// String returns the verdict's name.
func (v Verdict) String() string { return verdicts[v] }

// Judge returns the verdict on a request over TLS, of server name and host as
// the client sent them. It knows nothing of the connection: that alone makes
// it the same on every version of HTTP, on resumed sessions and in early data.
//
//	host             server name             verdict
//	no normal form   any                     malformed
//	any              no normal form          malformed
//	the server name  the host                passes
//	claimed          of the same account     passes, if permit.Account
//	claimed          of another, or nobody's misdirected
//	unclaimed        a distribution's        unclaimed
//	unclaimed        all that is held for it
//	                 covers the host         passes, if permit.Certificate
//	unclaimed        any other               misdirected
//
// The account of a server name is that of its claim, else that of all
// certificates held for it. Clients send no server name for an IP address
// (RFC 6066 section 3), so the certificates held for the address are asked
// then.
func Judge(serverName, host string, claims Claims, held Certificates, permit Permissions) Verdict {
	name, err := normalServerName(serverName)
	if err != nil {
		return Malformed
	}
	if host, err = normalHost(host); err != nil {
		return Malformed
	}
	if name == host {
		return Pass
	}
	of, named := claims.Owner(name)
	if owner, ok := claims.Owner(host); ok {
		account := of.Account
		if !named {
			account = held.Account(name)
		}
		return passIf(permit.Account && account != "" && account == owner.Account)
	}
	if named && of.Distribution {
		return Unclaimed
	}
	if name == "" {
		if _, err := netip.ParseAddr(host); err != nil {
			return Misdirected
		}
		name = host
	}
	return passIf(permit.Certificate && held.Covers(name, host))
}

func passIf(ok bool) Verdict {
	if ok {
		return Pass
	}
	return Misdirected
}
