"""Amazon SQS: queues and their messages, for clients that speak JSON and for older ones that send a form."""
