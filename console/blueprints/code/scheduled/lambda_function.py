from datetime import datetime, timezone


def lambda_handler(event, context):
    print("Called by", event["source"], "for", event["time"])
    now = datetime.now(timezone.utc)
    print("It is", now.isoformat(timespec="seconds"))
    return {"planned": event["time"], "ran": now.isoformat(timespec="seconds")}
