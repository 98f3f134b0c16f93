def lambda_handler(event, context):
    print("I was told of the file", event["file"])
    return {"file": event["file"]}
