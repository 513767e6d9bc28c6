package index

import (
	"fmt"
	"strings"
)

// Mode says which paths lead to the index document.
type Mode string

// The modes; see [Handler.Mode].
const (
	ModeLambdaEdge Mode = "lambda_edge"
	ModeRoot       Mode = "root"
	ModeFunction   Mode = "function"
	ModeWebsite    Mode = "website"
)

// validate returns an error unless m is one of the modes.
func (m Mode) validate() error {
	switch m {
	case ModeLambdaEdge, ModeRoot, ModeFunction, ModeWebsite:
		return nil
	}
	return fmt.Errorf("unknown mode %q, allowed are lambda_edge, root, function and website", string(m))
}

// suffix returns what m appends to a percent-encoded path, "" for nothing.
//
//	path            lambda_edge  root  function  website
//	/               NAME         NAME  NAME      NAME
//	/photos/        NAME         -     NAME      NAME
//	/photos         -            -     /NAME     -, see serveWebsite
//	/v1.2/photos    -            -     -         -
//	/photos%2F      -            -     /NAME     -, the slash is data
//	* (OPTIONS)     -            -     -         -, not a path
func (m Mode) suffix(path, name string) string {
	switch {
	case !strings.HasPrefix(path, "/"):
		return ""
	case m == ModeRoot:
		if path == "/" {
			return name
		}
		return ""
	case strings.HasSuffix(path, "/"):
		return name
	case m == ModeFunction && !strings.Contains(path, "."):
		return "/" + name
	}
	return ""
}
