import boto3, json, socket, datetime
client = boto3.client('iot-data', region name='eu-west-1')
def ip():
   return [1 for 1 in ([ip for ip in socket.gethostbyname ex(socket.geth
def lambda handler(event, context):
    print event
   xevent = {
            'title': 'Demo event assembled by lambda python function',
            'timestamp': datetime.datetime.utcnow().isoformat() + 'Z',
            'ipAddress': ip(),
            'serialNumber': event['serialNumber'],
            'batteryVoltage': event['batteryVoltage'],
            'clickType': event['clickType']
    response = client.publish(
        topic='iotprocessed',
        qos=1,
        payload=json.dumps(xevent)
    return xevent
