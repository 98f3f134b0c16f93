import json, socket, datetime

def ip():
    return socket.gethostbyname_ex(socket.gethostname())[2]

def lambda_handler(event, context):
    print(event)
    xevent = {
        'title': 'Demo event assembled by lambda python function',
        'timestamp': datetime.datetime.utcnow().isoformat() + 'Z',
        'ipAddress': ip(),
        'serialNumber': event['serialNumber'],
        'batteryVoltage': event['batteryVoltage'],
        'clickType': event['clickType']
    }
    print(json.dumps(xevent))
    return xevent
