def lambda_handler(event, context):
    print("Function name:", context.function_name)
    print("Memory limit:", context.memory_limit_in_mb, "MB")
    print("Request id:", context.aws_request_id)
    print("Log group:", context.log_group_name)
    print("Time left:", context.get_remaining_time_in_millis(), "ms")
    return context.aws_request_id
