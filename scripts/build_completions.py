"""Make ``frontend/src/editor/boto3.json``: the services that answer here with the methods of their boto3 clients.

    python scripts/build_completions.py            then: make assets

Services are those with a folder in ``aws/services``; the methods are botocore's names of the operations.
"""

import json
from pathlib import Path

import botocore.loaders
from botocore import xform_name

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "frontend" / "src" / "editor" / "boto3.json"
OTHERS = {"s3": ["download_file", "upload_file", "download_fileobj", "upload_fileobj", "copy"]}  # not in the model


def main() -> None:
    loader = botocore.loaders.Loader()
    known = set(loader.list_available_services("service-2"))
    found = {}
    for folder in sorted((ROOT / "aws" / "services").iterdir()):
        name = folder.name.rstrip("_")
        if name in known:
            operations = loader.load_service_model(name, "service-2")["operations"]
            found[name] = sorted([xform_name(operation) for operation in operations] + OTHERS.get(name, []))
    OUT.write_text(json.dumps(found, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
