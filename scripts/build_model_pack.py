"""Make ``aws/pack/<service>.json`` from botocore's service models: no documentation, nothing a server does not use.

    python scripts/build_model_pack.py            every service of the table
    python scripts/build_model_pack.py --check    change nothing; exit 1 when a file would change

Every operation of a service stays, built or not, so that a call to one that is not built can be named.
The models are botocore's (Apache License 2.0, Copyright Amazon.com, Inc. or its affiliates).
"""

import json
import sys
from pathlib import Path
from typing import Any

import botocore.loaders
from older_protocols import ADDED, merged

PACK_DIR = Path(__file__).resolve().parent.parent / "aws" / "pack"
SERVICES = (
    "cloudwatch",
    "events",
    "iam",
    "lambda",
    "logs",
    "scheduler",
    "sns",
    "sqs",
    "sts",
)  # a new service: its name in botocore here, then run this

PROTOCOLS = ("json", "rest-json", "query", "rest-xml")  # those that are spoken here, the preferred first

METADATA = [
    "apiVersion",
    "awsQueryCompatible",
    "endpointPrefix",
    "jsonVersion",
    "protocol",
    "serviceId",
    "signingName",
    "targetPrefix",
    "xmlNamespace",
]
OPERATION = ["authtype", "http", "input", "output", "unsignedPayload"]
REFERENCE = [
    "shape",
    "box",
    "flattened",
    "idempotencyToken",
    "jsonvalue",
    "location",
    "locationName",
    "queryName",
    "sensitive",
    "streaming",
    "timestampFormat",
    "eventheader",
    "eventpayload",
    "resultWrapper",
    "wrapper",
    "xmlAttribute",
    "xmlNamespace",
]
SHAPE = [
    "type",
    "document",
    "enum",
    "error",
    "event",
    "eventstream",
    "exception",
    "fault",
    "flattened",
    "jsonvalue",
    "locationName",
    "max",
    "min",
    "pattern",
    "payload",
    "required",
    "sensitive",
    "sparse",
    "streaming",
    "timestampFormat",
    "union",
    "xmlAttribute",
    "xmlNamespace",
    "wrapper",
]


def keep(source: dict[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: source[name] for name in names if name in source}


def shape(source: dict[str, Any]) -> dict[str, Any]:
    kept = keep(source, SHAPE)
    if "members" in source:
        kept["members"] = {name: keep(member, REFERENCE) for name, member in source["members"].items()}
    for reference in ("member", "key", "value"):
        if reference in source:
            kept[reference] = keep(source[reference], REFERENCE)
    return kept


def operation(source: dict[str, Any]) -> dict[str, Any]:
    kept = keep(source, OPERATION)
    for side in ("input", "output"):
        if side in kept:
            kept[side] = keep(kept[side], REFERENCE)
    return kept


def protocols(metadata: dict[str, Any]) -> dict[str, Any]:
    """Which protocol a service speaks here, and which others too."""
    offered = metadata.get("protocols", [metadata["protocol"]])
    spoken = [protocol for protocol in PROTOCOLS if protocol in offered]
    return {"protocol": spoken[0]} | ({"protocols": spoken} if len(spoken) > 1 else {})


def render(service: str) -> str:
    """The file's text: one operation or shape to a line, so that a new botocore shows as a readable difference."""
    model = botocore.loaders.Loader().load_service_model(service, "service-2")

    def block(items: dict[str, dict[str, Any]]) -> str:
        lines = (f"{json.dumps(name)}:{json.dumps(items[name], separators=(',', ':'))}" for name in sorted(items))
        return "{\n" + ",\n".join(lines) + "\n}"

    added = ADDED[service](model) if service in ADDED else {}
    metadata = keep(model["metadata"], METADATA) | protocols(model["metadata"]) | added.get("metadata", {})
    operations = block({name: operation(source) for name, source in model["operations"].items()})
    kept = {name: shape(source) for name, source in model["shapes"].items()}
    shapes = block(merged(kept, added.get("shapes", {})))
    query = f',\n"query":{json.dumps(added["query"], separators=(",", ":"))}' if "query" in added else ""
    head = json.dumps(metadata, separators=(",", ":"))
    return f'{{"metadata":{head},\n"operations":{operations},\n"shapes":{shapes}{query}}}\n'


def main() -> int:
    stale = []
    PACK_DIR.mkdir(exist_ok=True)
    for service in SERVICES:
        path, text = PACK_DIR / f"{service}.json", render(service)
        if not path.exists() or path.read_text() != text:
            stale.append(service)
            if "--check" not in sys.argv:
                path.write_text(text)
                print(f"{path.name}: {len(text) // 1024} KB")
    if "--check" in sys.argv and stale:
        print("Out of date:", *stale)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
