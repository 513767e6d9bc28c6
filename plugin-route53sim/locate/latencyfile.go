package locate

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// maxMilliseconds is the longest round trip a line may state: a minute.
const maxMilliseconds = 60_000

// LoadLatency reads the file at path: see [ParseLatency].
func LoadLatency(path string) (*Latency, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ParseLatency(path, f)
}

// ParseLatency reads measured round-trip times:
//
//	# from          to         ms    to         ms
//	192.0.2.0/24    eu-west-1  12.5  us-east-1  80
//	2001:db8::/32   eu-west-1  20
//	eu-west-3       us-east-1  78
//
// A line says where from, a CIDR block or a Region, and how many milliseconds,
// in [0, 60000], it takes from there to one Region or more. What is not
// measured may be left out (see [Latency]). Lines from one place add up; a pair
// that is given twice is a fault. Of overlapping blocks the longest that covers
// a client counts, alone. Times hold in the direction given. `#` begins a
// comment; empty lines are skipped.
//
// The error holds every fault, one a line, as `name:line: fault`, in the order
// of the file; then the result is nil.
func ParseLatency(name string, r io.Reader) (*Latency, error) {
	p := latencyParser{
		networks: make(map[netip.Prefix]map[Region]float32),
		regions:  make(map[Region]map[Region]float32),
	}
	scanner := bufio.NewScanner(r)
	line := 0
	fault := func(err error) {
		if err != nil {
			p.faults = append(p.faults, fmt.Errorf("%s:%d: %w", name, line, err))
		}
	}
	for scanner.Scan() {
		line++
		text, _, _ := strings.Cut(scanner.Text(), "#")
		if fields := strings.Fields(text); len(fields) > 0 {
			fault(p.line(fields))
		}
	}
	line++
	fault(scanner.Err())
	if len(p.faults) > 0 {
		return nil, errors.Join(p.faults...)
	}
	return p.latency(), nil
}

type latencyParser struct {
	networks map[netip.Prefix]map[Region]float32
	regions  map[Region]map[Region]float32
	faults   []error
}

// line reads the fields of one line, of which there is at least one.
func (p *latencyParser) line(fields []string) error {
	times, err := p.from(fields[0])
	if err != nil {
		return err
	}
	pairs := fields[1:]
	if len(pairs) == 0 || len(pairs)%2 != 0 {
		return fmt.Errorf("%d fields after %q, want pairs of Region and milliseconds", len(pairs), fields[0])
	}
	var errs []error
	for ; len(pairs) > 0; pairs = pairs[2:] {
		if err := readPair(times, pairs[0], pairs[1]); err != nil {
			errs = append(errs, fmt.Errorf("from %s: %w", fields[0], err))
		}
	}
	return oneLine(errs)
}

// oneLine joins errors by semicolons, so that a fault stays on its line.
func oneLine(errs []error) error {
	if len(errs) < 2 {
		return errors.Join(errs...)
	}
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = err.Error()
	}
	return errors.New(strings.Join(texts, "; "))
}

// from returns the times from the place that a line begins with.
func (p *latencyParser) from(place string) (map[Region]float32, error) {
	if r, ok := RegionByName(place); ok {
		return at(p.regions, r), nil
	}
	if !strings.Contains(place, "/") {
		return nil, fmt.Errorf("%q is neither a CIDR block nor a known Region", place)
	}
	prefix, err := netip.ParsePrefix(place)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q is not a CIDR block", place)
	case prefix.Addr().Is4In6():
		return nil, fmt.Errorf("CIDR block %q is an IPv4-mapped one, give it as IPv4", place)
	case prefix != prefix.Masked():
		return nil, fmt.Errorf("CIDR block %q has bits beyond its prefix, the block is %s", place, prefix.Masked())
	}
	return at(p.networks, prefix), nil
}

// at returns the times under key, made if need be.
func at[K comparable](places map[K]map[Region]float32, key K) map[Region]float32 {
	times, ok := places[key]
	if !ok {
		times = make(map[Region]float32)
		places[key] = times
	}
	return times
}

// readPair adds one Region and its milliseconds to times.
func readPair(times map[Region]float32, region, milliseconds string) error {
	r, ok := RegionByName(region)
	if !ok {
		return fmt.Errorf("unknown Region %q", region)
	}
	ms, err := strconv.ParseFloat(milliseconds, 32)
	if err != nil || !(ms >= 0 && ms <= maxMilliseconds) {
		return fmt.Errorf("%q milliseconds to %s out of range [0, %d]", milliseconds, region, maxMilliseconds)
	}
	if _, ok := times[r]; ok {
		return fmt.Errorf("milliseconds to %s given twice", region)
	}
	times[r] = float32(ms)
	return nil
}

// latency fills in and compiles what was read without a fault.
func (p *latencyParser) latency() *Latency {
	l := &Latency{}
	for prefix, times := range p.networks {
		l.networks.Insert(prefix, newVector(times))
	}
	for r, times := range p.regions {
		if _, ok := times[r]; !ok {
			times[r] = 0
		}
		l.regions[r] = newVector(times)
	}
	return l
}
