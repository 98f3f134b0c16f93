import boto3

# Region, endpoint and credentials come from the function's environment.
sts = boto3.client('sts')
functions = boto3.client('lambda')


def lambda_handler(event, context):
    identity = sts.get_caller_identity()
    print("I am", identity['Arn'])
    names = [function['FunctionName'] for function in functions.list_functions()['Functions']]
    print("Functions in this account:", ", ".join(names))
    return names
