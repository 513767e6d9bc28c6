// Drives Route 53's API with the AWS SDK for JavaScript v3.
//
//     client.js ENDPOINT ZONE RECORDS   creates all, prints what it reads back
//     client.js ENDPOINT ZONE           deletes all of the zone, and the zone
import { readFileSync } from "node:fs";
import { Route53, waitUntilResourceRecordSetsChanged } from "@aws-sdk/client-route-53";

const [endpoint, zone, records] = process.argv.slice(2);
const client = new Route53({ endpoint, region: "us-east-1" });

// change sends one batch and waits until it is in sync.
async function change(HostedZoneId, Action, sets) {
  const Changes = sets.map((ResourceRecordSet) => ({ Action, ResourceRecordSet }));
  const { ChangeInfo } = await client.changeResourceRecordSets({ HostedZoneId, ChangeBatch: { Comment: "by JavaScript", Changes } });
  const { state } = await waitUntilResourceRecordSetsChanged({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { Id: ChangeInfo.Id });
  if (state !== "SUCCESS") {
    throw new Error(`the waiter ends with ${state}`);
  }
}

// listed returns all RRsets but those that every zone has.
async function listed(HostedZoneId) {
  let sets = [];
  for (let from = {}; ; ) {
    const page = await client.listResourceRecordSets({ HostedZoneId, MaxItems: 7, ...from });
    sets = sets.concat(page.ResourceRecordSets);
    if (!page.IsTruncated) {
      return sets.filter((s) => s.Name !== zone + "." || !["NS", "SOA"].includes(s.Type));
    }
    from = { StartRecordName: page.NextRecordName, StartRecordType: page.NextRecordType, StartRecordIdentifier: page.NextRecordIdentifier };
  }
}

async function create() {
  const reference = { CallerReference: "JavaScript" };
  const { HostedZone } = await client.createHostedZone({ Name: zone, ...reference });
  const id = HostedZone.Id.split("/").pop();
  const { HealthCheck } = await client.createHealthCheck({ ...reference, HealthCheckConfig: { Type: "TCP", IPAddress: "192.0.2.1", Port: 80 } });
  const { Collection } = await client.createCidrCollection({ Name: "JavaScript", ...reference });
  await client.changeCidrCollection({ Id: Collection.Id, Changes: [{ LocationName: "office", Action: "PUT", CidrList: ["198.51.100.0/24"] }] });
  const text = readFileSync(records, "utf8")
    .replaceAll("ZONE_ID", id)
    .replaceAll("HEALTH_CHECK", HealthCheck.Id)
    .replaceAll("COLLECTION", Collection.Id)
    .replaceAll("ZONE", zone);
  const sets = JSON.parse(text);
  await change(id, "CREATE", sets);
  console.log(JSON.stringify({ Sent: sets, Listed: await listed(id) }));
}

async function destroy() {
  const { HostedZones } = await client.listHostedZonesByName({ DNSName: zone, MaxItems: 1 });
  await change(HostedZones[0].Id, "DELETE", await listed(HostedZones[0].Id));
  await client.deleteHostedZone({ Id: HostedZones[0].Id });
}

await (records ? create() : destroy());
