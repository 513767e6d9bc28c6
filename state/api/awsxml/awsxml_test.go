package awsxml

import (
	"encoding/xml"
	"reflect"
	"strings"
	"testing"
)

const ns = "urn:test"

type sample struct {
	Name   string    `xml:"Name" aws:"required,min=1,max=4"`
	Count  *int64    `xml:"Count,omitempty" aws:"min=0,max=255"`
	Flag   *bool     `xml:"Flag,omitempty"`
	Rate   *float64  `xml:"Rate,omitempty"`
	Mode   *string   `xml:"Mode,omitempty" enum:"ON|OFF"`
	Every  *int64    `xml:"Every,omitempty" facet:"10|30"`
	Letter *string   `xml:"Letter,omitempty" pattern:"[a-z]+" xsd:"Letters"`
	Things *things   `xml:"Things,omitempty"`
	Words  *wordList `xml:"Words,omitempty"`
}

type things struct {
	Thing []thing `xml:"Thing" aws:"min=1"`
}

type thing struct {
	Value string `xml:"Value" aws:"required,max=3"`
}

type wordList struct {
	Word []string `xml:"Word"`
}

func TestDecode(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"smallest", `<S><Name>a</Name></S>`, ""},
		{"namespace", `<S xmlns="urn:test"><Name>a</Name></S>`, ""},
		{"any order", `<S><Count>3</Count><Name>a</Name></S>`, ""},
		{"all", `<?xml version="1.0"?><!-- c --><S><Name> a </Name><Count> 3 </Count><Flag>true</Flag><Rate>1.5</Rate><Mode>ON</Mode><Every>30</Every><Letter>ab</Letter><Things><Thing><Value>&lt;1</Value></Thing></Things><Words><Word>a</Word><Word>b</Word></Words></S>`, ""},
		{"other root", `<T/>`, `root element "T", want "S"`},
		{"not XML", `a=b`, "The document is not well-formed"},
		{"empty", ``, "The document is not well-formed: unexpected end"},
		{"cut", `<S><Name>a`, "The document is not well-formed"},
		{"two roots", `<S><Name>a</Name></S><S/>`, "following the root element"},
		{"entity", `<!DOCTYPE S [<!ENTITY a "b">]><S><Name>&a;</Name></S>`, "DOCTYPE is disallowed."},
		{"deep", strings.Repeat("<S>", 100), "Elements nest deeper than 16."},
		{"missing", `<S><Count>1</Count></S>`, `lineNumber: 1; columnNumber: 24; cvc-complex-type.2.4.b: The content of element 'S' is not complete. One of '{"urn:test":Name}' is expected.`},
		{"unknown", `<S><Name>a</Name><X/></S>`, `cvc-complex-type.2.4.a: Invalid content was found starting with element 'X'. One of '{"urn:test":Count, `},
		{"other namespace", `<S><Name xmlns="urn:other">a</Name></S>`, "starting with element 'Name'"},
		{"twice", `<S><Name>a</Name><Name>a</Name></S>`, "starting with element 'Name'"},
		{"text beside children", `<S>x<Name>a</Name></S>`, "Element 'S' cannot have character [children]"},
		{"text instead", `<S><Name>a</Name><Things>x</Things></S>`, "Element 'Things' cannot have character [children]"},
		{"children instead", `<S><Name><X/></Name></S>`, "Element 'Name' is a simple type"},
		{"no integer", `<S><Name>a</Name><Count>x</Count></S>`, "'x' is not a valid value for 'integer'."},
		{"no boolean", `<S><Name>a</Name><Flag>yes</Flag></S>`, "'yes' is not a valid value for 'boolean'."},
		{"no double", `<S><Name>a</Name><Rate>NaN</Rate></S>`, "'NaN' is not a valid value for 'double'."},
		{"facet", `<S><Name>a</Name><Every>20</Every></S>`, "cvc-enumeration-valid: Value '20' is not facet-valid with respect to enumeration '[10, 30]'. It must be a value from the enumeration."},
		{"pattern", `<S><Name>a</Name><Letter>*</Letter></S>`, "cvc-pattern-valid: Value '*' is not facet-valid with respect to pattern '[a-z]+' for type 'Letters'."},
		{"number", `<S><Name>a</Name><Count>300</Count></S>`, "1 validation error detected: Value '300' at 'count' failed to satisfy constraint: Member must have value less than or equal to 255"},
		{"two", `<S><Name></Name><Mode>on</Mode></S>`, "2 validation errors detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1; Value 'on' at 'mode' failed to satisfy constraint: Member must satisfy enum value set: [ON, OFF]"},
		{"member", `<S><Name>a</Name><Things><Thing><Value>a</Value></Thing><Thing><Value>long</Value></Thing></Things></S>`, "Value 'long' at 'things.2.member.value' failed to satisfy constraint: Member must have length less than or equal to 3"},
		{"short list", `<S><Name>a</Name><Things/></S>`, "Value '[]' at 'things' failed to satisfy constraint: Member must have length greater than or equal to 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Decode([]byte(tt.in), "S", ns, new(sample))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("Decode(%q) = %v, want %q", tt.in, err, tt.want)
			}
		})
	}
}

// FuzzDecode checks that what is decoded, encoded and decoded again is the
// same, and that nothing panics.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`<S xmlns="urn:test"><Name>a</Name><Count>3</Count><Things><Thing><Value>x</Value></Thing></Things></S>`))
	f.Add([]byte(`<S><Name>&#x41;</Name><Words><Word/></Words></S>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second sample
		if Decode(data, "S", ns, &first) != nil {
			return
		}
		again, err := xml.Marshal(struct {
			XMLName xml.Name `xml:"S"`
			*sample
		}{sample: &first})
		if err != nil {
			t.Fatal(err)
		}
		if err := Decode(again, "S", ns, &second); err != nil || !reflect.DeepEqual(first, second) {
			t.Errorf("Decode(%q) = %v, then %v, %v, want the same", again, first, second, err)
		}
	})
}
