package model

import (
	"crypto/sha256"
	"fmt"
	"regexp"
)

// NewUUID returns the lower-case UUID (version 8, RFC 9562) of what is created
// by parts, the kind of thing first, so that a retry through another node makes
// the same one.
func NewUUID(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	b := h.Sum(nil)
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// NewDelegationSetID returns the id of a reusable delegation set from what it
// is created by.
func NewDelegationSetID(account, callerReference string) string {
	return "N" + hashID("delegation set", account, callerReference)[:20]
}

// ValidUUID tells whether s is a lower-case UUID.
func ValidUUID(s string) bool { return uuid.MatchString(s) }

// ValidZoneID tells whether s is a bare hosted zone id.
func ValidZoneID(s string) bool { return validID(s, 'Z') }

var resourceKind = regexp.MustCompile(`^[a-z]{1,32}$`)
