def lambda_handler(event, context):
    for record in event["Records"]:
        print(record["eventID"], record["eventName"], record["dynamodb"].get("Keys"))
        print("  now", record["dynamodb"].get("NewImage"))
    return f"Successfully processed {len(event['Records'])} records."
