package api

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/edgestage/edgestage/state/model"
)

// Credentials are the access keys that the endpoint accepts. They are
// immutable and safe for concurrent use.
type Credentials struct {
	byID map[string]credential
}

type credential struct {
	account, secret string
}

// maxCredentials bounds a credentials file.
const maxCredentials = 10000

// ReadCredentials reads a file of [ParseCredentials].
func ReadCredentials(path string) (*Credentials, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c, err := ParseCredentials(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// ParseCredentials reads lines of `ACCOUNT ACCESS_KEY_ID SECRET`, separated by
// spaces or tabs. Empty lines, and those that begin with #, do not count. Its
// errors name the line and never show a secret.
func ParseCredentials(r io.Reader) (*Credentials, error) {
	c := &Credentials{byID: make(map[string]credential)}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		if err := c.add(strings.Fields(text)); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(c.byID) == 0 {
		return nil, fmt.Errorf("no credentials, at least one line of ACCOUNT ACCESS_KEY_ID SECRET is needed")
	}
	return c, nil
}

func (c *Credentials) add(fields []string) error {
	if len(fields) != 3 {
		return fmt.Errorf("%d fields, want ACCOUNT ACCESS_KEY_ID SECRET", len(fields))
	}
	account, id, secret := fields[0], fields[1], fields[2]
	if err := model.ValidateAccount(account); err != nil {
		return err
	}
	if len(id) > maxKeyID || strings.ContainsAny(id, "/,=") {
		return fmt.Errorf("access key id %q is longer than %d characters or holds one of /,=", id, maxKeyID)
	}
	if _, ok := c.byID[id]; ok {
		return fmt.Errorf("access key id %q stands twice", id)
	}
	if len(c.byID) == maxCredentials {
		return fmt.Errorf("more than %d credentials", maxCredentials)
	}
	c.byID[id] = credential{account: account, secret: secret}
	return nil
}
