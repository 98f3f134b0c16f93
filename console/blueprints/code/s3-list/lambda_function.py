import boto3

s3 = boto3.client('s3')


def lambda_handler(event, context):
    bucket = event['Records'][0]['s3']['bucket']['name']
    response = s3.list_objects_v2(Bucket=bucket)
    keys = ", ".join(item['Key'] for item in response.get('Contents', []))
    print(keys)
    return keys
