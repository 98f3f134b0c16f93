"""A Celery application as a student writes one, on SQS; everything else is in the environment."""

import os
from pathlib import Path

from celery import Celery

app = Celery("lab", broker="sqs://")
app.conf.update(
    broker_transport_options={"region": "us-east-1", "queue_name_prefix": "celery-", "wait_time_seconds": 5},
    task_default_queue="lab",
    task_ignore_result=True,
    worker_enable_remote_control=False,  # SQS has no fanout
)


@app.task
def write(name: str, text: str) -> None:
    Path(os.environ["OUT"], name).write_text(text)
