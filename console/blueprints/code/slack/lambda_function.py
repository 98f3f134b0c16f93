import json
import os
import urllib.request


def lambda_handler(event, context):
    text = event.get("text", "Hello from Lambda!")
    url = os.environ.get("WEBHOOK_URL")
    if not url:
        print("Set WEBHOOK_URL to send it. It would say:", text)
        return {"sent": False, "text": text}
    request = urllib.request.Request(
        url,
        data=json.dumps({"text": text}).encode(),
        method="POST",
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        return {"sent": True, "status": response.status}
