package route53sim

import (
	"net/netip"
	"slices"
	"time"

	"github.com/edgestage/edgestage/state/model"
)

// publish reads `publish ADDR...`.
func (p *parser) publish() error {
	args, err := p.args(1, many)
	if err != nil {
		return err
	}
	for _, a := range args {
		ip, err := netip.ParseAddr(a)
		switch {
		case err != nil || ip.IsUnspecified() || ip.IsMulticast() || ip.Zone() != "":
			return p.Errf("publish '%s' is not an address that resolvers can reach", a)
		case ip.Is4In6():
			return p.Errf("publish '%s' is an IPv4 address in IPv6 form: write '%s'", a, ip.Unmap())
		case slices.Contains(p.settings.publish, ip):
			return p.Errf("publish address '%s' is given twice", a)
		}
		p.settings.publish = append(p.settings.publish, ip)
	}
	return nil
}

// readyCheck is how often a node looks whether it is still ready for resolvers.
const readyCheck = time.Second

// publishAddresses says from now on where resolvers reach this node.
func (r *running) publishAddresses(addrs []netip.Addr) {
	r.addresses.Store(&addrs)
	r.lookAgain()
}

// lookAgain has announce look at once.
func (r *running) lookAgain() {
	select {
	case r.look <- struct{}{}:
	default:
	}
}

// announce publishes the addresses of this node for as long as it is ready, and
// withdraws them while it is not. Whoever stops or dies is withdrawn by the
// others.
func (r *running) announce() {
	tick := time.NewTicker(readyCheck)
	defer tick.Stop()
	var shown []netip.Addr
	for {
		if want := r.reachable(); !slices.Equal(want, shown) && r.publish(want) {
			shown = want
		}
		select {
		case <-tick.C:
		case <-r.look:
		case <-r.ctx.Done():
			return
		}
	}
}

// reachable returns the addresses to publish now.
func (r *running) reachable() []netip.Addr {
	addrs := r.addresses.Load()
	if addrs == nil || r.problem() != nil {
		return nil
	}
	return *addrs
}

// publish replaces what this node has published and tells whether it has.
func (r *running) publish(addrs []netip.Addr) bool {
	var rows []model.Value
	if len(addrs) > 0 {
		rows = append(rows, &model.NameServer{Node: r.node.Config().Name, Addresses: addrs})
	}
	if err := r.node.Publish(model.TableNameServers, rows); err != nil {
		log.Errorf("Failed to publish the addresses of this node: %v", err)
		return false
	}
	if len(addrs) > 0 {
		log.Infof("Published %v for the hosts of delegation sets", addrs)
	} else {
		log.Info("Withdrew the addresses of this node from the hosts of delegation sets")
	}
	return true
}
