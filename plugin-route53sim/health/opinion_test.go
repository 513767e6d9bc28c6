package health

import "testing"

func TestJudge(t *testing.T) {
	tests := []struct {
		name      string
		threshold int
		probes    string // + success, - failure
		want      string // the opinion after each: h, u, ? unknown
	}{
		{"first success counts", 3, "+", "h"},
		{"first failures are not enough", 3, "---", "??u"},
		{"threshold 1", 1, "-+-+", "uhuh"},
		{"in a row only", 2, "+-+-+--", "hhhhhhu"},
		{"up again by the same threshold", 3, "---+-+++", "??uuuuuh"},
		{"threshold 10", 10, "+----------", "hhhhhhhhhhu"},
		{"a success before the first judgement", 3, "--+--", "??hhh"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var j judge
			got := ""
			for _, p := range tt.probes {
				before := j.opinion
				changed := j.note(p == '+', tt.threshold)
				if changed != (j.opinion != before) {
					t.Errorf("note says changed %v from %v to %v", changed, before, j.opinion)
				}
				got += string("?hu"[j.opinion])
			}
			if got != tt.want {
				t.Errorf("opinions after %s = %s, want %s", tt.probes, got, tt.want)
			}
		})
	}
}
