package integration

// nearZone is an export whose answers depend on the client.
const nearZone = `{
  "HostedZone": {"Id": "/hostedzone/ZNEAR000000000001", "Name": "near.example.", "CallerReference": "near"},
  "ResourceRecordSets": [
    {"Name": "near.example.", "Type": "SOA", "TTL": 900, "ResourceRecords": [
      {"Value": "ns-0.awsdns-00.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"}]},
    {"Name": "near.example.", "Type": "NS", "TTL": 172800, "ResourceRecords": [{"Value": "ns-0.awsdns-00.com."}, {"Value": "ns-512.awsdns-00.net."}]},
    {"Name": "www.near.example.", "Type": "A", "TTL": 60, "SetIdentifier": "eu", "Region": "eu-west-1", "ResourceRecords": [{"Value": "192.0.2.1"}]},
    {"Name": "www.near.example.", "Type": "A", "TTL": 60, "SetIdentifier": "us", "Region": "us-east-1", "ResourceRecords": [{"Value": "192.0.2.2"}]},
    {"Name": "alias.near.example.", "Type": "A", "AliasTarget":
      {"HostedZoneId": "ZNEAR000000000001", "DNSName": "www.near.example.", "EvaluateTargetHealth": true}},
    {"Name": "same.near.example.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.3"}]},
    {"Name": "*.wild.near.example.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.4"}]},
    {"Name": "cname.near.example.", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": "www.near.example."}]},
    {"Name": "mx.near.example.", "Type": "MX", "TTL": 60, "ResourceRecords": [{"Value": "10 same.near.example."}]},
    {"Name": "big.near.example.", "Type": "TXT", "TTL": 60, "ResourceRecords": [
      {"Value": "\"` + text200 + `1\""}, {"Value": "\"` + text200 + `2\""}, {"Value": "\"` + text200 + `3\""}]}
  ]
}
`

const (
	text20  = "01234567890123456789"
	text200 = text20 + text20 + text20 + text20 + text20 + text20 + text20 + text20 + text20 + text20
)

// nearLatency places two networks of loopback, and one that only a client
// subnet can name.
const nearLatency = `
127.0.1.0/24     eu-west-1 10  us-east-1 90
127.0.2.0/24     eu-west-1 90  us-east-1 10
198.51.100.0/24  eu-west-1 90  us-east-1 10
203.0.113.0/24   eu-west-1 10  us-east-1 90
`
