def lambda_handler(event, context):
    for record in event["Records"]:
        message = record["Sns"]
        print(message["Subject"], "-", message["Message"])
    return event["Records"][-1]["Sns"]["Message"]
