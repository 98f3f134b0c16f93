import json

import boto3

client = boto3.client("lambda")


def lambda_handler(event, context):
    answer = client.invoke(FunctionName="hello", Payload=json.dumps({"key1": "from the caller"}))
    return {"hello answered": json.load(answer["Payload"])}
