import json
import boto3
from datetime import datetime
sqs = boto3.client('sqs') #client is required to interact with sqs

def lambda_handler(event, context):
    # event provenant d'une file SQS
    data = int(json.loads(event["Records"][0]["body"])["data"])

    sqs.send_message(
        QueueUrl="https://sqs.us-east-1.amazonaws.com/675696485075/lab-output-queue",
        MessageBody=json.dumps({"body" : data})
    )
    return {
        'statusCode': 200,
        'body': data
    }
