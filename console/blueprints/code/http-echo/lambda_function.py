import base64
import json


def lambda_handler(event, context):
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body).decode()
    answer = {
        "path": event.get("rawPath") or event.get("path"),
        "query": event.get("queryStringParameters") or {},
        "body": body,
    }
    print(answer)
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(answer),
    }
