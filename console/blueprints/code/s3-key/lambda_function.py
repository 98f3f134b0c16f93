import urllib.parse


def lambda_handler(event, context):
    names = []
    for record in event['Records']:
        bucket = record['s3']['bucket']['name']
        key = urllib.parse.unquote_plus(record['s3']['object']['key'])  # keys come URL-encoded
        print(f"{record['eventName']}: {key} in {bucket}")
        names.append(key)
    return names
