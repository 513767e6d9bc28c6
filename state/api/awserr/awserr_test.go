package awserr

import (
	"errors"
	"fmt"
	"testing"
)

func TestStatus(t *testing.T) {
	tests := []struct {
		code   Code
		status int
		fault  string
	}{
		{InvalidChangeBatch, 400, "Sender"},
		{NoSuchDelegationSet, 400, "Sender"},
		{NoSuchHostedZone, 404, "Sender"},
		{NoSuchCidrCollection, 404, "Sender"},
		{HostedZoneAlreadyExists, 409, "Sender"},
		{NotAuthorized, 401, "Sender"},
		{SignatureDoesNotMatch, 403, "Sender"},
		{InternalFailure, 500, "Receiver"},
		{ServiceUnavailable, 503, "Receiver"},
		{"Unheard", 400, "Sender"},
	}
	for _, tt := range tests {
		t.Run(string(tt.code), func(t *testing.T) {
			e := New(tt.code, "m %d", 1)
			if e.Status() != tt.status || e.Fault() != tt.fault || e.Message != "m 1" {
				t.Errorf("%s is %d %s %q, want %d %s", tt.code, e.Status(), e.Fault(), e.Message, tt.status, tt.fault)
			}
		})
	}
}

func TestFrom(t *testing.T) {
	known := New(NoSuchHostedZone, "none")
	tests := []struct {
		name string
		err  error
		want Code
	}{
		{"known", known, NoSuchHostedZone},
		{"wrapped", fmt.Errorf("reading: %w", known), NoSuchHostedZone},
		{"joined", errors.Join(errors.New("x"), known), NoSuchHostedZone},
		{"unknown", errors.New("disk on fire"), InternalFailure},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := From(tt.err); got.Code != tt.want || got.Message == "disk on fire" || !errors.Is(got, New(tt.want, "")) {
				t.Errorf("From(%v) = %v, want %s", tt.err, got, tt.want)
			}
		})
	}
	if From(nil) != nil {
		t.Error("From(nil) is an error")
	}
}
