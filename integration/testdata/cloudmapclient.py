"""Drives every operation of Cloud Map with boto3 and prints what it finds.

    cloudmapclient.py ENDPOINT NAME
"""

import json
import sys
import time

import boto3
from botocore.config import Config

endpoint, name = sys.argv[1:3]
config = Config(inject_host_prefix=False, retries={"max_attempts": 1})
client = boto3.client("servicediscovery", endpoint_url=endpoint, region_name="us-east-1", config=config)
route53 = boto3.client("route53", endpoint_url=endpoint, region_name="us-east-1")
called = set()
client.meta.events.register("before-call.servicediscovery", lambda model, **_: called.add(model.name))


def done(answer):
    """Waits for an operation to succeed and returns its targets."""
    end = time.monotonic() + 60
    while True:
        operation = client.get_operation(OperationId=answer["OperationId"])["Operation"]
        if operation["Status"] == "SUCCESS":
            return operation["Targets"]
        if operation["Status"] == "FAIL" or time.monotonic() > end:
            sys.exit(f"operation {operation}")
        time.sleep(0.05)


def known(operation):
    """Tells whether this release has an operation."""
    return operation in client.meta.service_model.operation_names


private = done(client.create_private_dns_namespace(Name=name, Vpc="vpc-1", Tags=[{"Key": "team", "Value": "a"}]))["NAMESPACE"]
public = done(client.create_public_dns_namespace(Name=f"{name}.example.net"))["NAMESPACE"]
plain = done(client.create_http_namespace(Name=f"http-{name}"))["NAMESPACE"]
soa = {"DnsProperties": {"SOA": {"TTL": 30}}}
done(client.update_private_dns_namespace(Id=private, Namespace={"Description": "changed", "Properties": soa}))
done(client.update_public_dns_namespace(Id=public, Namespace={"Description": "changed", "Properties": soa}))
done(client.update_http_namespace(Id=plain, Namespace={"Description": "changed"}))
namespace = client.get_namespace(Id=private)["Namespace"]
pages = client.get_paginator("list_namespaces").paginate(PaginationConfig={"PageSize": 1})
listed = sorted(n["Name"] for page in pages for n in page["Namespaces"] if name in n["Name"])

service = client.create_service(
    Name="worker",
    NamespaceId=private,
    DnsConfig={"RoutingPolicy": "MULTIVALUE", "DnsRecords": [{"Type": "A", "TTL": 10}]},
    HealthCheckCustomConfig={"FailureThreshold": 1},
)["Service"]["Id"]
records = {"DnsRecords": [{"Type": "A", "TTL": 20}]}
done(client.update_service(Id=service, Service={"Description": "changed", "DnsConfig": records}))
for i in range(1, 4):
    attributes = {"AWS_INSTANCE_IPV4": f"192.0.2.{i}", "stage": "blue" if i < 3 else "green"}
    done(client.register_instance(ServiceId=service, InstanceId=f"i-{i}", Attributes=attributes))
client.update_instance_custom_health_status(ServiceId=service, InstanceId="i-1", Status="UNHEALTHY")
status = client.get_instances_health_status(ServiceId=service)["Status"]
instance = client.get_instance(ServiceId=service, InstanceId="i-3")["Instance"]
found = client.discover_instances(NamespaceName=name, ServiceName="worker", QueryParameters={"stage": "blue"}, HealthStatus="HEALTHY")
arn = client.get_service(Id=service)["Service"]["Arn"]
client.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
client.untag_resource(ResourceARN=arn, TagKeys=["a"])
tags = client.list_tags_for_resource(ResourceARN=arn)["Tags"]
attributes = {"k": "v"}
if known("UpdateServiceAttributes"):
    client.update_service_attributes(ServiceId=service, Attributes={"k": "v", "l": "w"})
    client.delete_service_attributes(ServiceId=service, Attributes=["l"])
    attributes = client.get_service_attributes(ServiceId=service)["ServiceAttributes"]["Attributes"]
revision = 3
if known("DiscoverInstancesRevision"):
    revision = client.discover_instances_revision(NamespaceName=name, ServiceName="worker")["InstancesRevision"]
filters = [{"Name": "SERVICE_ID", "Values": [service]}, {"Name": "TYPE", "Values": ["REGISTER_INSTANCE"]}]
operations = client.list_operations(Filters=filters)["Operations"]
zone = namespace["Properties"]["DnsProperties"]["HostedZoneId"]
sets = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]

instances = [i["Id"] for i in client.list_instances(ServiceId=service)["Instances"]]
for i in instances:
    done(client.deregister_instance(ServiceId=service, InstanceId=i))
services = [s["Id"] for s in client.list_services(Filters=[{"Name": "NAMESPACE_ID", "Values": [private]}])["Services"]]
for s in services:
    client.delete_service(Id=s)
for n in (private, public, plain):
    done(client.delete_namespace(Id=n))

print(
    json.dumps(
        {
            "namespaces": listed,
            "soa": namespace["Properties"]["DnsProperties"]["SOA"]["TTL"],
            "status": status,
            "instance": instance["Attributes"],
            "found": sorted(i["InstanceId"] for i in found["Instances"]),
            "tags": tags,
            "attributes": attributes,
            "revision": revision,
            "operations": sorted(o["Status"] for o in operations),
            "records": [f"{s['Name']} {s['Type']} {s['TTL']} {s.get('SetIdentifier', '-')}" for s in sets],
            "left_out": sorted(set(client.meta.service_model.operation_names) - called),
        }
    )
)
