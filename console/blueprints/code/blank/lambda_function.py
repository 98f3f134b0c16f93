import json

def lambda_handler(event, context):
    # Your code goes here
    return {
        'statusCode': 200,
        'body': json.dumps('Hello World')
    }
