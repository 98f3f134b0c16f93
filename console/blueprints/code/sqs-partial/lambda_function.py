import json


def lambda_handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            print("Order", json.loads(record["body"]))
        except ValueError as error:
            print("Not an order:", record["messageId"], error)
            failures.append({"itemIdentifier": record["messageId"]})
    # Only these come back to the queue; the others are deleted from it.
    return {"batchItemFailures": failures}
