package origin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"
)

// Credentials says where the keys to sign with are.
type Credentials struct {
	// A file in the form of AWS's shared credentials file. It is read again
	// within a second of a change, without a reload; if it cannot be read
	// then, the keys read last stay in use. Placeholders are replaced.
	// Default: the environment variables `AWS_ACCESS_KEY_ID`,
	// `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN` if the first two are
	// set, else the file that `AWS_SHARED_CREDENTIALS_FILE` names, else
	// `~/.aws/credentials`.
	File string `json:"file,omitempty"`

	// The profile of the file. Placeholders are replaced. Default: what
	// `AWS_PROFILE` says, else `default`.
	Profile string `json:"profile,omitempty"`
}

// keys are credentials. They are never logged.
type keys struct {
	id, secret, token string
	expires           time.Time // zero: never
}

// keySource has the keys to sign with; safe for concurrent use.
type keySource struct {
	file, profile string // none: the keys are from the environment
	log           *zap.Logger
	now           func() time.Time
	current       atomic.Pointer[keys]

	mu      sync.Mutex // held by whoever looks at the file
	checked time.Time
	seen    fileStamp
}

// fileStamp tells one content of a file from the next.
type fileStamp struct {
	modified time.Time
	size     int64
}

// checkInterval is how often the file is looked at, at most.
const checkInterval = time.Second

// open reads the keys for the first time. A nil c says nothing.
func (c *Credentials) open(log *zap.Logger, now func() time.Time) (*keySource, error) {
	if c == nil {
		c = new(Credentials)
	}
	s := &keySource{log: log, now: now}
	if c.File == "" && c.Profile == "" {
		k, err := environmentKeys()
		if k != nil || err != nil {
			s.current.Store(k)
			return s, err
		}
	}
	repl := caddy.NewReplacer()
	var err error
	if s.file, err = firstOf(repl.ReplaceAll(c.File, ""), os.Getenv("AWS_SHARED_CREDENTIALS_FILE")); err != nil {
		return nil, err
	}
	s.profile = repl.ReplaceAll(c.Profile, "")
	if s.profile == "" {
		s.profile = os.Getenv("AWS_PROFILE")
	}
	if s.profile == "" {
		s.profile = "default"
	}
	s.checked = now()
	_, err = s.read()
	return s, err
}

// firstOf returns the first path that says something, else the place where
// AWS's tools keep the file.
func firstOf(paths ...string) (string, error) {
	for _, p := range paths {
		if p != "" {
			return p, nil
		}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("neither a credentials file nor AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are given, and there is no home directory to look in: %w", err)
	}
	return filepath.Join(home, ".aws", "credentials"), nil
}

// environmentKeys returns the keys of the environment, nil if there are none.
func environmentKeys() (*keys, error) {
	k := &keys{id: os.Getenv("AWS_ACCESS_KEY_ID"), secret: os.Getenv("AWS_SECRET_ACCESS_KEY"), token: os.Getenv("AWS_SESSION_TOKEN")}
	switch {
	case k.id == "" && k.secret == "":
		return nil, nil
	case k.id == "" || k.secret == "":
		return nil, errors.New("of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set")
	}
	return k, nil
}

// get returns the keys to sign with. It looks at the file if that was not done
// for a second; one caller does, the others go on with the keys there are.
func (s *keySource) get() (*keys, error) {
	if s.file != "" && s.mu.TryLock() {
		s.refresh()
		s.mu.Unlock()
	}
	k := s.current.Load()
	if !k.expires.IsZero() && !s.now().Before(k.expires) {
		return nil, fmt.Errorf("credentials of profile %q in %q expired at %s", s.profile, s.file, k.expires.Format(time.RFC3339))
	}
	return k, nil
}

// refresh reads the file again if it changed. The caller holds mu.
func (s *keySource) refresh() {
	now := s.now()
	if now.Sub(s.checked) < checkInterval {
		return
	}
	s.checked = now
	changed, err := s.read()
	switch {
	case changed && err != nil:
		s.log.Error("reading changed credentials of the origin; the last good ones stay in use", zap.Error(err))
	case changed:
		s.log.Info("read changed credentials of the origin", zap.String("file", s.file), zap.String("profile", s.profile))
	}
}

// read reads the file, unless it is as it was.
func (s *keySource) read() (changed bool, err error) {
	var seen fileStamp
	if info, err := os.Stat(s.file); err == nil {
		seen = fileStamp{info.ModTime(), info.Size()}
	}
	if seen == s.seen && s.current.Load() != nil {
		return false, nil
	}
	s.seen = seen
	data, err := os.ReadFile(s.file)
	if err != nil {
		return true, err
	}
	k, err := parseProfile(string(data), s.profile)
	if err != nil {
		return true, fmt.Errorf("file %q: %w", s.file, err)
	}
	s.current.Store(k)
	return true, nil
}
