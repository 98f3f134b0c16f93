import boto3, json

client = boto3.client('lambda')


def lambda_handler(event, context):
    # 'Event' does not wait for the other function; 'RequestResponse' does, and both durations are billed.
    response = client.invoke(FunctionName='ListenerLambda', InvocationType='Event', Payload=json.dumps({'file': 'path'}))
    return {'statusCode': response['StatusCode']}
