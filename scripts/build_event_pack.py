"""Make ``console/events/pack.json``: the sample events of AWS SAM CLI as one file, each with its placeholders.

    python scripts/build_event_pack.py aws_sam_cli.whl            write the pack, and its licence beside it
    python scripts/build_event_pack.py aws_sam_cli.whl --check    change nothing; exit 1 when a file would change

The wheel: ``pip download --no-deps aws-sam-cli``. The events are AWS SAM CLI's (Apache License 2.0, Copyright
Amazon.com, Inc. or its affiliates); a placeholder stays as ``{{{name}}}`` where something of one's own may go, and
every other one gets the value that SAM CLI gives it.
"""

import base64
import json
import sys
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

EVENTS_DIR = Path(__file__).resolve().parent.parent / "console" / "events"
SOURCE = "samcli/lib/generated_sample_events"
# What may be one's own; the names of SAM CLI's tags.
OWN = ("account_id", "region", "bucket", "queue_name", "topic", "table")


def main() -> None:
    wheel = zipfile.ZipFile(sys.argv[1])
    mapping = json.loads(wheel.read(f"{SOURCE}/event-mapping.json"))
    pack = [event(wheel, service, name, row) for service, events in mapping.items() for name, row in events.items()]
    info = next(name.partition("/")[0] for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    wanted = {
        "pack.json": json.dumps(pack, indent=1) + "\n",
        "LICENSE.txt": wheel.read(f"{info}/licenses/LICENSE").decode(),
        "NOTICE.txt": f"The events of pack.json are those of AWS SAM CLI ({info.removesuffix('.dist-info')}).\n\n"
        + wheel.read(f"{info}/licenses/NOTICE").decode(),
    }
    different = [name for name, text in wanted.items() if text != read(EVENTS_DIR / name)]
    if "--check" in sys.argv:
        raise SystemExit(f"Run scripts/build_event_pack.py again: {different}" if different else 0)
    for name in different:
        (EVENTS_DIR / name).write_text(wanted[name])


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def event(wheel: zipfile.ZipFile, service: str, name: str, row: dict[str, Any]) -> dict[str, Any]:
    """One entry: its names, its text, and the value that each placeholder has for whoever owns nothing."""
    source = json.loads(wheel.read(f"{SOURCE}/events/{service}/{row['filename']}.json"))
    text = json.dumps(source, indent=2, ensure_ascii=False).replace("{{{accountId}}}", "{{{account_id}}}")
    own: dict[str, str] = {}
    for tag, properties in row["tags"].items():
        placeholder, value = tag.replace("-", "_"), str(properties.get("default", ""))
        written = "{{{" + placeholder + "}}}"
        if placeholder in OWN:
            if written in text:
                own[placeholder] = value
        elif properties.get("type") == "dict":
            text = text.replace(f'"{written}"', inline(value, text, written))
        else:
            text = text.replace(written, json.dumps(encoded(value, properties.get("encoding")))[1:-1])
    json.loads(text)
    return {"service": service, "name": name, "own": own, "text": text}


def inline(value: str, text: str, written: str) -> str:
    """A placeholder for an object, laid out as its surroundings are."""
    line = next((line for line in text.splitlines() if written in line), "")
    margin = " " * (len(line) - len(line.lstrip()))
    return json.dumps(json.loads(value), indent=2).replace("\n", f"\n{margin}")


def encoded(value: str, how: str | None) -> str:
    if how == "url":
        return quote(value, safe="")
    return base64.b64encode(value.encode()).decode() if how == "base64" else value


if __name__ == "__main__":
    main()
