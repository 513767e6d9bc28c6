package importer

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state/model"
)

// zoneJSON returns an export of zone Z1, example.org, with an A record for
// each host.
func zoneJSON(hosts ...string) string {
	var sets []string
	for i, h := range hosts {
		sets = append(sets, fmt.Sprintf(`{"Name":"%s.example.org","Type":"A","TTL":60,"ResourceRecords":[{"Value":"192.0.2.%d"}]}`, h, i+1))
	}
	return `{"HostedZone":{"Id":"Z1","Name":"example.org","CallerReference":"c"},"ResourceRecordSets":[` + strings.Join(sets, ",") + `]}`
}

var start = time.Unix(1700000000, 0)

func TestApply(t *testing.T) {
	rows := newMapRows()
	apply := func(data string, at time.Time) bool {
		t.Helper()
		rows.reset()
		doc := mustParse(t, "a.json", data)
		doc.At = at
		changed, err := Apply(rows, doc)
		if err != nil {
			t.Fatalf("Apply = %v", err)
		}
		return changed
	}
	if !apply(zoneJSON("a", "b"), start) || len(rows.wrote) != 6 {
		t.Errorf("the first Apply wrote %q, want zone, four RRsets and import", rows.wrote)
	}
	if apply(zoneJSON("a", "b"), start) || len(rows.wrote)+len(rows.deleted) != 0 {
		t.Errorf("the same again wrote %q and deleted %q, want nothing", rows.wrote, rows.deleted)
	}
	if !apply(zoneJSON("a", "c"), start.Add(time.Hour)) {
		t.Error("another document changed nothing")
	}
	if got, want := fmt.Sprintf("%q", rows.wrote), `["rrsets/Z1\x00org.example.c.\x00A\x00" "imports/Z1"]`; got != want {
		t.Errorf("another document wrote %s, want %s", got, want)
	}
	if got, want := fmt.Sprintf("%q", rows.deleted), `["rrsets/Z1\x00org.example.b.\x00A\x00"]`; got != want {
		t.Errorf("another document deleted %s, want %s", got, want)
	}
	z, _ := rows.Get(model.TableZones, "Z1")
	if created := z.(*model.Zone).Created; !created.Equal(start) {
		t.Errorf("the zone was created at %v, want %v", created, start)
	}
	for i := range model.MaxImportHashes {
		apply(zoneJSON("a", fmt.Sprint("x", i)), start)
	}
	v, _ := rows.Get(model.TableImports, "Z1")
	doc := mustParse(t, "a.json", zoneJSON("a", fmt.Sprint("x", model.MaxImportHashes-1)))
	if h := v.(*model.Import).Hashes; len(h) != model.MaxImportHashes || string(h[0]) != string(doc.Hash[:]) {
		t.Errorf("%d hashes are remembered, the first %x", len(h), h[0])
	}
}

// A document says nothing of traffic policy instances, and leaves them alone.
func TestApplyKeepsTrafficPolicyInstances(t *testing.T) {
	rows := newMapRows()
	in := &model.TrafficPolicyInstance{ID: model.NewUUID("i"), Account: model.DefaultAccount, Zone: "Z1", Name: "p.example.org.", Type: "A", Policy: model.NewUUID("p"), Version: 1}
	kept := &model.RRset{Zone: "Z1", Name: "p.example.org.", Type: "A", Values: []string{"192.0.2.1"}, TrafficPolicyInstanceID: in.ID}
	orphan := &model.RRset{Zone: "Z1", Name: "q.example.org.", Type: "A", Values: []string{"192.0.2.1"}, TrafficPolicyInstanceID: model.NewUUID("gone")}
	for _, v := range []model.Value{in, kept, orphan} {
		if err := rows.Put(v); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Apply(rows, mustParse(t, "a.json", zoneJSON("a"))); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprintf("%q", rows.deleted), `["rrsets/Z1\x00org.example.q.\x00A\x00"]`; got != want {
		t.Errorf("the document deleted %s, want %s", got, want)
	}
}

func TestApplyHealthChecks(t *testing.T) {
	rows := newMapRows()
	doc := mustParse(t, "a.json", `{"HealthChecks":[{"Id":"hc","HealthCheckConfig":{"Type":"TCP","Port":80}}]}`)
	if changed, err := Apply(rows, doc); !changed || err != nil {
		t.Fatalf("Apply = %v, %v", changed, err)
	}
	rows.reset()
	doc = mustParse(t, "a.json", `{"HealthChecks":[{"Id":"hc2","HealthCheckConfig":{"Type":"TCP","Port":80}}]}`)
	if changed, err := Apply(rows, doc); !changed || err != nil || len(rows.wrote) != 2 || len(rows.deleted) != 0 {
		t.Errorf("Apply = %v, %v, wrote %q, deleted %q", changed, err, rows.wrote, rows.deleted)
	}
}

func TestApplyForeign(t *testing.T) {
	for name, data := range map[string]string{
		"hosted zone Z1 belongs to account 111111111111, the document is account 222222222222's":  zoneJSON("a"),
		"health check hc belongs to account 111111111111, the document is account 222222222222's": `{"HealthChecks":[{"Id":"hc","HealthCheckConfig":{"Type":"TCP"}}]}`,
	} {
		rows := newMapRows()
		if _, err := Apply(rows, mustParse(t, "a.json", data)); err != nil {
			t.Fatal(err)
		}
		doc, err := Parse("a.json", []byte(data+" "), "222222222222")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Apply(rows, doc); err == nil || err.Error() != name {
			t.Errorf("Apply = %v, want %s", err, name)
		}
	}
}

func TestImport(t *testing.T) {
	const here, there = "/here/a.json", "/there/a.json"
	steps := []struct {
		name string
		path string
		host string
		want Outcome
	}{
		{"new", here, "a", Loaded},
		{"again", here, "a", Unchanged},
		{"another node, what was loaded last", there, "a", Unchanged},
		{"changed", here, "b", Loaded},
		{"another node that saw it, an older file", there, "a", Unchanged},
		{"a third node, an older file", "/third", "a", PassedOver},
		{"the third node once more", "/third", "a", Unchanged},
		{"changed there", "/third", "c", Loaded},
		{"changed back, by the one who saw it", here, "a", Loaded},
	}
	rows := newMapRows()
	for _, s := range steps {
		got, err := Import(rows, s.path, mustParse(t, "a.json", zoneJSON(s.host)))
		if got != s.want || err != nil {
			t.Errorf("%s: Import(%q, %q) = %v, %v, want %v", s.name, s.path, s.host, got, err, s.want)
		}
	}
}
