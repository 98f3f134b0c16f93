import json


def lambda_handler(event, context):
    sums = []
    for record in event["Records"]:  # a batch has up to ten messages
        numbers = json.loads(record["body"])
        total = numbers["number1"] + numbers["number2"]
        print(numbers["number1"], "+", numbers["number2"], "=", total)
        sums.append(total)
    return sums
