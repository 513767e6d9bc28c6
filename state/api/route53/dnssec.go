package route53

import (
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
)

// Signing is not part of this release: a zone's status is true, and whatever
// would turn signing on is refused and says so.
var dnssecOperations = []*operation{
	{name: "GetDNSSEC", method: "GET", path: "hostedzone/{Id}/dnssec", run: getDNSSEC},
	{name: "EnableHostedZoneDNSSEC", method: "POST", path: "hostedzone/{Id}/enable-dnssec", run: enableDNSSEC},
	{name: "DisableHostedZoneDNSSEC", method: "POST", path: "hostedzone/{Id}/disable-dnssec", run: disableDNSSEC},
	{name: "CreateKeySigningKey", method: "POST", path: "keysigningkey", run: createKeySigningKey},
	{name: "ActivateKeySigningKey", method: "POST", path: "keysigningkey/{Id}/{Name}/activate", run: noKeySigningKey},
	{name: "DeactivateKeySigningKey", method: "POST", path: "keysigningkey/{Id}/{Name}/deactivate", run: noKeySigningKey},
	{name: "DeleteKeySigningKey", method: "DELETE", path: "keysigningkey/{Id}/{Name}", run: noKeySigningKey},
}

type getDNSSECResponse struct {
	Status         dnssecStatus `xml:"Status"`
	KeySigningKeys empty        `xml:"KeySigningKeys"`
}

type dnssecStatus struct {
	ServeSignature string `xml:"ServeSignature"`
}

// signable returns an error unless the caller has the zone, and it is public.
func (c *call) signable(rd *state.Reader, id string) error {
	z, err := c.zone(rd, id)
	if err == nil && z.Private {
		return awserr.New(awserr.InvalidArgument, "Operation is unsupported for private hosted zone: %s", z.ID)
	}
	return err
}

func (c *call) signableZone() error {
	return c.view(func(rd *state.Reader) error { return c.signable(rd, c.params["Id"]) })
}

func getDNSSEC(c *call) (any, error) {
	return getDNSSECResponse{Status: dnssecStatus{"NOT_SIGNING"}}, c.signableZone()
}

const notSigning = "DNSSEC signing is not supported by this endpoint."

func enableDNSSEC(c *call) (any, error) {
	if err := c.signableZone(); err != nil {
		return nil, err
	}
	return nil, awserr.New(awserr.InvalidArgument, notSigning)
}

func disableDNSSEC(c *call) (any, error) {
	if err := c.signableZone(); err != nil {
		return nil, err
	}
	return nil, awserr.New(awserr.DNSSECNotFound, "DNSSEC signing is not enabled for the hosted zone %s.", c.params["Id"])
}

type createKeySigningKeyRequest struct {
	CallerReference         string `xml:"CallerReference" aws:"required,min=1,max=128"`
	HostedZoneId            string `xml:"HostedZoneId" aws:"required,max=64"`
	KeyManagementServiceArn string `xml:"KeyManagementServiceArn" aws:"required"`
	Name                    string `xml:"Name" aws:"required,min=3,max=128"`
	Status                  string `xml:"Status" aws:"required" enum:"ACTIVE|INACTIVE"`
}

func createKeySigningKey(c *call) (any, error) {
	var req createKeySigningKeyRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	if err := c.view(func(rd *state.Reader) error { return c.signable(rd, req.HostedZoneId) }); err != nil {
		return nil, err
	}
	return nil, awserr.New(awserr.InvalidArgument, notSigning)
}

func noKeySigningKey(c *call) (any, error) {
	return nil, awserr.New(awserr.NoSuchKeySigningKey, "The specified key signing key (KSK) %.128s does not exist in hosted zone %.32s.", c.params["Name"], c.params["Id"])
}
