package probe

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
)

// fault is why an endpoint is not healthy: a sentence of Route 53 where its
// words are known, else one in its manner.
type fault string

// Error returns the sentence.
func (f fault) Error() string { return string(f) }

const errConnectTimeout = fault("Connection timed out. The endpoint or the internet connection is down, or requests are being " +
	"blocked by your firewall. See Configuring router and firewall rules for Amazon Route 53 health checks " +
	"(http://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-router-firewall-rules.html)")

// sayAt adds to text where the name of t led.
func (t *Target) sayAt(addr netip.Addr, text string) string {
	if t.addr.IsValid() {
		return text
	}
	return text + ". Resolved IP: " + addr.String()
}

func (t *Target) at(addr netip.Addr, err error) error {
	return fault(t.sayAt(addr, err.Error()))
}

func resolveFault(name string, err error) error {
	var d *net.DNSError
	if errors.As(err, &d) {
		switch {
		case d.IsNotFound:
			return fault("DNS resolution failed: no IPv4 address for " + name)
		case d.IsTimeout:
			err = errors.New("timeout")
		default:
			err = errors.New(d.Err)
		}
	} else if timedOut(err) {
		err = errors.New("timeout")
	}
	return fault("DNS resolution failed: " + err.Error() + " for " + name)
}

func connectFault(err error) error {
	switch {
	case timedOut(err), errors.Is(err, syscall.ETIMEDOUT):
		return errConnectTimeout
	case errors.Is(err, syscall.ECONNREFUSED):
		return fault("Connection refused")
	}
	return fault("Connection failed: " + cause(err))
}

func handshakeFault(err error) error {
	if timedOut(err) {
		return fault("The SSL handshake was not completed within 2 seconds of connecting")
	}
	return fault("The SSL handshake failed: " + strings.TrimPrefix(cause(err), "tls: "))
}

func statusFault(err error) error {
	if timedOut(err) {
		return fault("The endpoint did not send an HTTP status code within 2 seconds of connecting")
	}
	return fault("The endpoint did not send an HTTP status code: " + cause(err))
}

func malformed(line []byte) error {
	return fault(fmt.Sprintf("The endpoint did not send an HTTP status code: %q", printable(string(line))))
}

func (r *reader) bodyFault(err error) error {
	if r.source.err != nil {
		err = r.source.err
	}
	if timedOut(err) {
		return fault("The body did not arrive within 2 seconds of the HTTP status code")
	}
	return fault("The body could not be read: " + cause(err))
}

func timedOut(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) || isTimeout(err) }

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// cause returns the innermost reason, without addresses.
func cause(err error) string {
	var errno syscall.Errno
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the endpoint closed the connection"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the endpoint reset the connection"
	case errors.As(err, &errno):
		return errno.Error()
	}
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return printable(err.Error())
}
