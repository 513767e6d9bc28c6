package importer

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgestage/edgestage/state/model"
)

// checkParsed fails unless a document is what it must be once accepted, and
// one that is refused says where and why.
func checkParsed(t *testing.T, doc *Document, err error) {
	if err != nil {
		for _, e := range flatten(err) {
			if f, ok := e.(*Fault); !ok || f.File == "" || f.Reason == "" || f.Line < 0 {
				t.Errorf("fault %#v lacks something", e)
			}
		}
		return
	}
	if _, err := Apply(newMapRows(), doc); err != nil {
		t.Errorf("Apply = %v for a document that Parse accepted", err)
	}
	if doc.Zone != nil {
		if errs := model.CheckZone(doc.Zone, doc.RRsets); len(errs) > 0 {
			t.Errorf("CheckZone = %v for a document that Parse accepted", errs)
		}
	}
}

func FuzzParseJSON(f *testing.F) {
	f.Add([]byte(zoneJSON("a", "b")))
	f.Add(mustRead(f, "testdata/faults.json"))
	for _, path := range must(filepath.Glob("../../builds/example/zones/*.json")) {
		f.Add(mustRead(f, path))
	}
	f.Add([]byte(`{"HealthChecks":[{"Id":"hc","HealthCheckConfig":{"Type":"TCP"}}],"IsTruncated":false}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := Parse("a.json", data, account)
		checkParsed(t, doc, err)
	})
}

func FuzzParseMaster(f *testing.F) {
	f.Add([]byte(masterHead))
	f.Add(mustRead(f, "../../builds/example/zones/corp.zone"))
	f.Add([]byte(masterHead + "a TXT \"x\nb A x\n$INCLUDE a\nc MX ( 1\n m )\n"))
	f.Add([]byte(masterHead + "a A 192.0.2.1\nb TXT \"x\\\\\"\na A 192.0.2.2\n 60 MX 1 m\na 60 MX 2 m\n"))
	f.Add([]byte("$ORIGIN 0\n$TTL 0\n0 SOA\n0"))
	f.Add([]byte("@ 15 SOA a. b. 1 2 3 4 5\nb A 192.0.2.1\nc 60 A 192.0.2.1\nd A 192.0.2.2\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join("testdata", "none", "a.zone")
		doc, err := Parse(path, data, account)
		checkParsed(t, doc, err)
		for parts := 2; parts <= 4; parts++ {
			got, gotErr := newMaster(path, data, account).parse(parts)
			if fmt.Sprint(gotErr) != fmt.Sprint(err) {
				t.Fatalf("in %d parts the faults are\n%v\nas a whole\n%v", parts, gotErr, err)
			}
			if err == nil && show(got) != show(doc) {
				t.Fatalf("in %d parts the RRsets are\n%s\nas a whole\n%s", parts, show(got), show(doc))
			}
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// export returns a JSON export with n RRsets of several types.
func export(n int) []byte {
	var b strings.Builder
	b.WriteString("{\n    \"ResourceRecordSets\": [\n")
	b.WriteString(`        {"Name": "example.org.", "Type": "SOA", "TTL": 900, "ResourceRecords": [{"Value": "ns.example.net. h.example.net. 1 2 3 4 5"}]}`)
	for i := range n {
		rrtype, value := "A", fmt.Sprintf("198.18.%d.%d", i/256%256, i%256)
		switch i % 10 {
		case 7:
			rrtype, value = "CNAME", "www.example.net."
		case 8:
			rrtype, value = "TXT", `\"some text of usual length, as verification records are\"`
		case 9:
			rrtype, value = "MX", "10 mail.example.net."
		}
		fmt.Fprintf(&b, `,
        {
            "Name": "host-%d.example.org.",
            "Type": "%s",
            "TTL": 300,
            "ResourceRecords": [
                {
                    "Value": "%s"
                }
            ]
        }`, i, rrtype, value)
	}
	b.WriteString("\n    ]\n}\n")
	return []byte(b.String())
}

func BenchmarkParseJSON100k(b *testing.B) {
	data := export(100_000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("a.json", data, account); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseMaster100k(b *testing.B) {
	var s strings.Builder
	s.WriteString(masterHead)
	for i := range 100_000 {
		fmt.Fprintf(&s, "host-%d A 198.18.%d.%d\n", i, i/256%256, i%256)
	}
	data := []byte(s.String())
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("a.zone", data, account); err != nil {
			b.Fatal(err)
		}
	}
}
