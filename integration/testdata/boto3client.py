"""Drives Route 53's API with boto3.

    boto3client.py ENDPOINT ZONE RECORDS   creates all, prints what it reads back
    boto3client.py ENDPOINT ZONE           deletes all of the zone, and the zone
"""

import json
import sys

import boto3

endpoint, zone = sys.argv[1:3]
client = boto3.client("route53", endpoint_url=endpoint, region_name="us-east-1")
waiter = client.get_waiter("resource_record_sets_changed")


def change(zone_id, action, sets):
    """Sends one batch and waits until it is in sync."""
    changes = [{"Action": action, "ResourceRecordSet": s} for s in sets]
    batch = {"Comment": "by boto3", "Changes": changes}
    out = client.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch=batch)
    waiter.wait(Id=out["ChangeInfo"]["Id"], WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def listed(zone_id):
    """Returns all RRsets but those that every zone has."""
    pages = client.get_paginator("list_resource_record_sets")
    sets = []
    for page in pages.paginate(HostedZoneId=zone_id, PaginationConfig={"PageSize": 7}):
        sets += page["ResourceRecordSets"]
    return [s for s in sets if s["Name"] != zone + "." or s["Type"] not in ("NS", "SOA")]


def create(path):
    zone_id = client.create_hosted_zone(Name=zone, CallerReference="boto3")["HostedZone"]["Id"].split("/")[-1]
    check = client.create_health_check(
        CallerReference="boto3", HealthCheckConfig={"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 80}
    )["HealthCheck"]["Id"]
    collection = client.create_cidr_collection(Name="boto3", CallerReference="boto3")["Collection"]["Id"]
    client.change_cidr_collection(
        Id=collection, Changes=[{"LocationName": "office", "Action": "PUT", "CidrList": ["198.51.100.0/24"]}]
    )
    text = open(path, encoding="utf-8").read()
    for name, value in {"ZONE_ID": zone_id, "HEALTH_CHECK": check, "COLLECTION": collection, "ZONE": zone}.items():
        text = text.replace(name, value)
    # Older releases do not know every member.
    known = client.meta.service_model.shape_for("ResourceRecordSet").members
    sets = [s for s in json.loads(text) if set(s) <= set(known)]
    change(zone_id, "CREATE", sets)
    print(json.dumps({"Sent": sets, "Listed": listed(zone_id)}))


def delete():
    zone_id = client.list_hosted_zones_by_name(DNSName=zone, MaxItems="1")["HostedZones"][0]["Id"]
    # An alias goes before what it leads to.
    change(zone_id, "DELETE", listed(zone_id))
    client.delete_hosted_zone(Id=zone_id)


if len(sys.argv) > 3:
    create(sys.argv[3])
else:
    delete()
