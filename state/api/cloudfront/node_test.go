package cloudfront

import (
	"bytes"
	"testing"
)

func TestMalformed(t *testing.T) {
	const good = `<DistributionConfig><CallerReference>r</CallerReference><Comment/><Enabled>true</Enabled><Origins><Quantity>0</Quantity></Origins><DefaultCacheBehavior/></DistributionConfig>`
	tests := []struct{ name, in, code string }{
		{"good", good, ""},
		{"empty", "", "MissingBody"},
		{"no XML", "a", "MalformedInput"},
		{"another root", "<A/>", "MalformedInput"},
		{"two roots", good + good, "MalformedInput"},
		{"cut", good[:40], "MalformedInput"},
		{"DOCTYPE", `<!DOCTYPE a [<!ENTITY b "c">]>` + good, "MalformedInput"},
		{"text and elements", "<DistributionConfig>a<Comment/></DistributionConfig>", "MalformedInput"},
		{"deep", "<DistributionConfig>" + string(bytes.Repeat([]byte("<a>"), 30)), "MalformedInput"},
		{"without members", "<DistributionConfig/>", "InvalidArgument"},
		{"twice", `<DistributionConfig><Comment/><Comment/></DistributionConfig>`, "MalformedInput"},
		{"quantities", `<DistributionConfig><Aliases><Quantity>2</Quantity><Items><CNAME>a.example.org</CNAME></Items></Aliases></DistributionConfig>`, "InconsistentQuantities"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, err := parse([]byte(tt.in), "DistributionConfig")
			if err == nil {
				_, err = readConfig(n)
			}
			if tt.code == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !bytes.HasPrefix([]byte(err.Error()), []byte(tt.code)) {
				t.Errorf("reading %.60q: %v, want %s", tt.in, err, tt.code)
			}
		})
	}
}

// FuzzParse: what is read can be written and read again, the same.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`<A xmlns="x"><B a="b">&lt;c</B><Quantity>1</Quantity><Items><C/></Items></A>`))
	f.Add([]byte(`<a:b><![CDATA[x]]></a:b>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := parseAny(data)
		if err != nil {
			return
		}
		_ = n.checkQuantities()
		_, _ = readConfig(n)
		_, _ = readTags(n)
		var first, second bytes.Buffer
		n.write(&first)
		again, err := parseAny(first.Bytes())
		if err != nil {
			t.Fatalf("parse(%q) of what was written of %q: %v", first.Bytes(), data, err)
		}
		if again.write(&second); !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("%q is written as %q, then %q", data, first.Bytes(), second.Bytes())
		}
	})
}
