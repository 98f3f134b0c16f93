import json

print("Loading function")


def lambda_handler(event, context):
    print("Received event: " + json.dumps(event, indent=2))
    return event.get("key1", "give me an event with a key1")
