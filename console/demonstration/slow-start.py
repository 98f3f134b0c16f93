import time

time.sleep(2)  # what is done here is done once for each environment
print("Loaded")


def lambda_handler(event, context):
    return "ready, with " + str(context.get_remaining_time_in_millis()) + " ms left"
