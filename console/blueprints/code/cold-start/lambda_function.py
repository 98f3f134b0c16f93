import time

# Above the handler: runs once, when an environment starts cold.
STARTED = time.time()
time.sleep(0.5)
calls = 0


def lambda_handler(event, context):
    global calls
    calls += 1
    return {"cold": calls == 1, "calls": calls, "environment lives for": f"{time.time() - STARTED:.1f} s"}
