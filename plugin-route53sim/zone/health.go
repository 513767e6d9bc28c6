package zone

import (
	"github.com/edgestage/edgestage/plugin-route53sim/routing"
	"github.com/edgestage/edgestage/state/model"
)

// Judge returns the view after some health checks have become healthy or
// unhealthy: those of ids, as healthy says. Only the groups that refer to them
// are compiled anew, and the alias trees above. A check that was never judged
// is healthy.
func (c *Compiler) Judge(ids []string, healthy func(id string) bool) *View {
	c.begin()
	c.judging = true
	defer func() { c.judging = false }()
	for _, id := range ids {
		_, failing := c.failing[id]
		if failing != healthy(id) {
			continue
		}
		if failing {
			delete(c.failing, id)
		} else {
			c.failing[id] = struct{}{}
		}
		c.touch(dependency{model.TableHealthChecks, id})
	}
	return c.publish()
}

// check gives a member of a group the health of its own check.
func (z *zoneState) check(m *routing.Member, id string) {
	if id == "" {
		return
	}
	_, m.Unhealthy = z.compiler.failing[id]
	z.depend(dependency{model.TableHealthChecks, id})
}
