import random

WHEEL = ["cherry.png", "puppy.png", "robot.png"]


# The page in the browser calls: lambda.invoke(pullParams, function(error, data) { … JSON.parse(data.Payload) … })
def lambda_handler(event, context):
    left, mid, right = (random.choice(WHEEL) for _ in range(3))
    return {
        "isWinner": left == mid == right,
        "leftWheelImage": {"S": left},
        "midWheelImage": {"S": mid},
        "rightWheelImage": {"S": right},
    }
