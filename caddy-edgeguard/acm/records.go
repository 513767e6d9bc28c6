package acm

import (
	"context"
	"fmt"
	"strings"

	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// recordNames are where the CNAME record that proves a name may stand: where
// ACM asks for it, and where a CA that is asked by ACME looks.
func recordNames(t model.ValidationToken) [2]model.Name {
	return [2]model.Name{t.RecordName(nil), "_acme-challenge." + t.Base}
}

// watchRecords makes certificates due at once for which a record has changed in
// a hosted zone of ours, whoever serves that.
func (e *Engine) watchRecords() {
	type watched struct {
		arn    string
		tokens []model.ValidationToken
	}
	var list []watched
	e.mu.Lock()
	for arn, en := range e.entries {
		if en.waiting && !en.running && e.mine(arn, en) && en.rows.Certificate != nil {
			list = append(list, watched{arn, en.rows.Tokens})
		}
	}
	zones := e.publicZonesLocked()
	e.mu.Unlock()
	if len(list) == 0 || len(zones) == 0 {
		return
	}
	_ = e.c.Replica.View(func(rd *state.Reader) error {
		for _, w := range list {
			found := recordsOf(rd, zones, w.tokens)
			e.mu.Lock()
			if en := e.entries[w.arn]; en != nil && en.records != found {
				en.records, en.due, en.hot = found, e.c.Now(), len(hotTries)
			}
			e.mu.Unlock()
		}
		return nil
	})
}

// publicZonesLocked returns the ids of the public hosted zones, by name.
func (e *Engine) publicZonesLocked() map[model.Name][]string {
	zones := make(map[model.Name][]string)
	for id, z := range e.zones {
		if !z.Private {
			zones[z.Name] = append(zones[z.Name], id)
		}
	}
	return zones
}

// recordsOf returns the versions of what stands in our zones at the names of
// proofs: another text, another state.
func recordsOf(rd *state.Reader, zones map[model.Name][]string, tokens []model.ValidationToken) string {
	var b strings.Builder
	for _, t := range tokens {
		for _, name := range recordNames(t) {
			for at := name; at != "."; at = at.Parent() {
				for _, zone := range zones[at] {
					rd.Range(model.TableRRsets, model.RRsetNamePrefix(zone, name), "", func(_ model.Value, v state.Version) bool {
						b.WriteString(v.ID())
						return true
					})
				}
			}
		}
	}
	return b.String()
}

// createRecords writes the CNAME records that are asked for into the hosted
// zones of the same account, where nothing stands in their place.
func (e *Engine) createRecords(ctx context.Context, s model.CertificateState) {
	e.mu.Lock()
	zones := make(map[model.Name]*model.Zone)
	for _, z := range e.zones {
		if !z.Private && z.Account == s.Account && (zones[z.Name] == nil || z.ID < zones[z.Name].ID) {
			zones[z.Name] = z
		}
	}
	e.mu.Unlock()
	authority := &model.CertificateAuthority{Directory: e.c.Authority.Directory()}
	for _, token := range s.Tokens {
		name := token.RecordName(authority)
		zone := zoneOf(zones, name)
		if zone == nil {
			continue
		}
		_, err := e.c.Replica.Commit(ctx, func(t *state.Tx) error { return createRecord(t, zone, name, token.Target) })
		if err != nil && ctx.Err() == nil {
			e.c.Log.Warn("validation record not created", zap.String("certificate", s.ARN), zap.String("name", string(name)), zap.Error(err))
		}
	}
}

// zoneOf returns the zone that a name belongs to: the nearest above it.
func zoneOf(zones map[model.Name]*model.Zone, name model.Name) *model.Zone {
	for at := name; at != "."; at = at.Parent() {
		if z := zones[at]; z != nil {
			return z
		}
	}
	return nil
}

// recordTTL is that of the records that are created here, in seconds.
const recordTTL = 300

func createRecord(t *state.Tx, zone *model.Zone, name, target model.Name) error {
	if _, ok := t.Get(model.TableZones, zone.ID); !ok {
		return nil
	}
	row := &model.RRset{Zone: zone.ID, Name: name, Type: "CNAME", TTL: recordTTL, Values: []string{string(target)}}
	there, same := 0, false
	t.Range(model.TableRRsets, model.RRsetNamePrefix(zone.ID, name), "", func(v model.Value, _ state.Version) bool {
		s := v.(*model.RRset)
		there++
		same = s.Type == row.Type && len(s.Values) == 1 && model.FromDNS(s.Values[0]) == target
		return true
	})
	switch {
	case there == 0:
		return t.Put(row)
	case same && there == 1:
		return nil
	}
	return fmt.Errorf("other records stand at %s in hosted zone %s", name, zone.ID)
}
