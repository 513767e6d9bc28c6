package origin

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// parseProfile returns the keys of a profile in the text of a shared
// credentials file:
//
//	# comment
//	[default]
//	aws_access_key_id = AKIAIOSFODNN7EXAMPLE
//	aws_secret_access_key = ...
//	aws_session_token = ...
//	expiration = 2030-01-02T15:04:05Z
//
// Setting names are case-insensitive, and those that are not known belong to
// other tools. A comment begins with `#` or `;`, at the start of a line or
// after white space. A profile or a setting given twice counts as the latter
// says. The moment of expiry may be called expiration, aws_expiration or
// x_security_token_expires. No error holds a value of a setting.
func parseProfile(text, profile string) (*keys, error) {
	settings := make(map[string]string)
	found, in := false, false
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(withoutComment(line))
		switch {
		case line == "":
		case line[0] == '[':
			name, ok := strings.CutSuffix(line[1:], "]")
			if !ok {
				return nil, fmt.Errorf("line %d: a profile's name has no ']'", i+1)
			}
			in = strings.TrimSpace(name) == profile
			found = found || in
		default:
			name, value, ok := strings.Cut(line, "=")
			if !ok {
				return nil, fmt.Errorf("line %d: neither '[PROFILE]' nor 'NAME = VALUE'", i+1)
			}
			if in {
				settings[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
			}
		}
	}
	if !found {
		return nil, fmt.Errorf("there is no profile %q", profile)
	}
	k, err := keysOf(settings)
	if err != nil {
		return nil, fmt.Errorf("profile %q: %w", profile, err)
	}
	return k, nil
}

// withoutComment returns line up to its comment.
func withoutComment(line string) string {
	for i := range len(line) {
		if (line[i] == '#' || line[i] == ';') && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			return line[:i]
		}
	}
	return line
}

// keysOf makes keys of a profile's settings.
func keysOf(settings map[string]string) (*keys, error) {
	k := &keys{id: settings["aws_access_key_id"], secret: settings["aws_secret_access_key"], token: settings["aws_session_token"]}
	if k.token == "" {
		k.token = settings["aws_security_token"]
	}
	if k.id == "" || k.secret == "" {
		return nil, errors.New("it lacks aws_access_key_id or aws_secret_access_key (profiles that name a role, a process or single sign-on are not supported)")
	}
	for _, v := range []string{k.id, k.secret, k.token} {
		if strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return nil, errors.New("a key or token holds a space, a control character or one that is not ASCII")
		}
	}
	for _, name := range []string{"expiration", "aws_expiration", "x_security_token_expires"} {
		if settings[name] == "" {
			continue
		}
		var err error
		if k.expires, err = parseExpiry(settings[name]); err != nil {
			return nil, fmt.Errorf("%s is no time such as 2030-01-02T15:04:05Z", name)
		}
	}
	return k, nil
}

// parseExpiry reads the forms of time that tools write.
func parseExpiry(text string) (t time.Time, err error) {
	for _, layout := range []string{time.RFC3339, time.DateTime, "2006-01-02T15:04:05-0700"} {
		if t, err = time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return t, err
}
