import datetime
import json


def endpoint(event, context):
    now = datetime.datetime.now().time()
    return {"statusCode": 200, "body": json.dumps({"message": f"Hello, the current time is {now}"})}
