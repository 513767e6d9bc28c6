package origin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

const sharedFile = `# of the staging buckets
[other]
aws_access_key_id = AKIAOTHER
aws_secret_access_key = other#secret ; and a comment

[default]
region=eu-west-3
AWS_Access_Key_Id=AKIADEFAULT
aws_secret_access_key = top/secret+==
aws_session_token = session-token==
expiration = 2030-01-02T15:04:05Z
`

func TestParseProfile(t *testing.T) {
	for _, tc := range []struct {
		name, text, profile string
		want                keys
		err                 string
	}{
		{"default", sharedFile, "default", keys{"AKIADEFAULT", "top/secret+==", "session-token==", time.Date(2030, 1, 2, 15, 4, 5, 0, time.UTC)}, ""},
		{"other", sharedFile, "other", keys{id: "AKIAOTHER", secret: "other#secret"}, ""},
		{"the latter counts", sharedFile + "[other]\naws_secret_access_key = newer\n", "other", keys{id: "AKIAOTHER", secret: "newer"}, ""},
		{"line ends of Windows", strings.ReplaceAll(sharedFile, "\n", "\r\n"), "other", keys{id: "AKIAOTHER", secret: "other#secret"}, ""},
		{"old name of the token", "[a]\naws_access_key_id=i\naws_secret_access_key=s\naws_security_token=t", "a", keys{id: "i", secret: "s", token: "t"}, ""},
		{"no such profile", sharedFile, "third", keys{}, `there is no profile "third"`},
		{"empty", "", "default", keys{}, `there is no profile "default"`},
		{"no secret", "[a]\naws_access_key_id = i\n", "a", keys{}, "it lacks aws_access_key_id or aws_secret_access_key"},
		{"a process", "[a]\ncredential_process = x\n", "a", keys{}, "profiles that name a role, a process"},
		{"no bracket", "[a\n", "a", keys{}, "line 1: a profile's name has no ']'"},
		{"no setting", "[a]\nhidden-value\n", "a", keys{}, "line 2: neither '[PROFILE]' nor 'NAME = VALUE'"},
		{"space in a key", "[a]\naws_access_key_id = i\naws_secret_access_key = hidden-value x\n", "a", keys{}, "holds a space"},
		{"no time", "[a]\naws_access_key_id=i\naws_secret_access_key=s\nexpiration=hidden-value", "a", keys{}, "expiration is no time"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := parseProfile(tc.text, tc.profile)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) || strings.Contains(err.Error(), "hidden-value") {
					t.Errorf("parseProfile(%q) = %v, want %s and no value", tc.profile, err, tc.err)
				}
				return
			}
			if err != nil || *got != tc.want {
				t.Errorf("parseProfile(%q) = %+v, %v, want %+v", tc.profile, got, err, tc.want)
			}
		})
	}
}

func FuzzParseProfile(f *testing.F) {
	f.Add(sharedFile, "default")
	f.Add("[a]\naws_access_key_id=i\naws_secret_access_key=s", "a")
	f.Fuzz(func(t *testing.T, text, profile string) {
		k, err := parseProfile(text, profile)
		if (k == nil) == (err == nil) {
			t.Fatalf("parseProfile(%q, %q) = %v, %v", text, profile, k, err)
		}
		if k != nil && (k.id == "" || k.secret == "" || strings.ContainsAny(k.id+k.secret+k.token, " \r\n\t")) {
			t.Errorf("parseProfile(%q, %q) = %+v, which no header can hold", text, profile, k)
		}
	})
}

// clearEnvironment hides the machine's own credentials from a test.
func clearEnvironment(t *testing.T) {
	t.Helper()
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SHARED_CREDENTIALS_FILE", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", t.TempDir())
}

func TestWhereCredentialsAre(t *testing.T) {
	file := filepath.Join(t.TempDir(), "credentials")
	if err := os.WriteFile(file, []byte(sharedFile), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		config *Credentials
		env    map[string]string
		want   string // access key id, or the error
	}{
		{"file", &Credentials{File: file}, nil, "AKIADEFAULT"},
		{"file and profile", &Credentials{File: file, Profile: "other"}, nil, "AKIAOTHER"},
		{"file before environment", &Credentials{File: file}, map[string]string{"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "s"}, "AKIADEFAULT"},
		{"placeholders", &Credentials{File: "{env.CREDENTIALS}"}, map[string]string{"CREDENTIALS": file}, "AKIADEFAULT"},
		{"environment", nil, map[string]string{"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "s"}, "AKIAENV"},
		{"half an environment", nil, map[string]string{"AWS_ACCESS_KEY_ID": "AKIAENV"}, "only one is set"},
		{"file of the environment", nil, map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file, "AWS_PROFILE": "other"}, "AKIAOTHER"},
		{"profile given, file of the environment", &Credentials{Profile: "other"}, map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file}, "AKIAOTHER"},
		{"nowhere", nil, nil, "no such file"},
		{"no file", &Credentials{File: file + ".none"}, nil, "no such file"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			clearEnvironment(t)
			for name, value := range tc.env {
				t.Setenv(name, value)
			}
			s, err := tc.config.open(zap.NewNop(), func() time.Time { return exampleTime })
			got := ""
			if err != nil {
				got = err.Error()
			} else if k, err := s.get(); err != nil {
				got = err.Error()
			} else {
				got = k.id
			}
			if got != tc.want && !(err != nil && strings.Contains(got, tc.want)) {
				t.Errorf("open() = %s, want %s", got, tc.want)
			}
		})
	}
}

func TestCredentialsAreReadAgain(t *testing.T) {
	clearEnvironment(t)
	file := filepath.Join(t.TempDir(), "credentials")
	now := exampleTime
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, now, now); err != nil {
			t.Fatal(err)
		}
	}
	profile := func(id, rest string) string {
		return "[default]\naws_access_key_id=" + id + "\naws_secret_access_key=hidden-value\n" + rest
	}
	core, logs := observer.New(zapcore.InfoLevel)
	write(profile("A1", ""))
	s, err := (&Credentials{File: file}).open(zap.New(core), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	want := func(id string) {
		t.Helper()
		if k, err := s.get(); err != nil || k.id != id {
			t.Errorf("get() = %+v, %v, want %s", k, err, id)
		}
	}
	want("A1")
	write(profile("A2", "")) // same second: not looked at yet
	want("A1")
	now = now.Add(checkInterval)
	want("A1") // the same size and time of change, so nothing tells it from the old one
	write(profile("A3", ""))
	now = now.Add(checkInterval)
	want("A3")
	write("[default]\nhidden-value")
	now = now.Add(checkInterval)
	want("A3")
	now = now.Add(checkInterval)
	want("A3")
	write(profile("A4", "expiration="+now.Add(time.Minute).Format(time.RFC3339)))
	now = now.Add(checkInterval)
	want("A4")
	now = now.Add(time.Hour)
	if k, err := s.get(); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("get() = %+v, %v, want expired", k, err)
	}
	write(profile("A5", ""))
	now = now.Add(checkInterval)
	want("A5")
	var said []string
	for _, e := range logs.All() {
		said = append(said, e.Message)
		for _, f := range e.Context {
			if strings.Contains(f.String, "hidden-value") || f.Interface != nil && strings.Contains(f.Interface.(error).Error(), "hidden-value") {
				t.Errorf("log entry %q holds a secret", e.Message)
			}
		}
	}
	if got, want := strings.Join(said, "\n"), strings.Join([]string{
		"read changed credentials of the origin", "reading changed credentials of the origin; the last good ones stay in use",
		"read changed credentials of the origin", "read changed credentials of the origin",
	}, "\n"); got != want {
		t.Errorf("log =\n%s\nwant\n%s", got, want)
	}
}
