"""The Celery application: queue routing and the one beat table.

Redis is only a messenger: no result backend, no ETA or countdown, ids in JSON as the only arguments. Every
setting below answers a failure that was seen; docs/decisions/0003-celery.md names them.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")

EVERY_SECOND = (  # quick ones: the next waits for the one before
    "runner.tasks.dispatch_due",
    "triggers.tasks.fire_due_schedules",
    "topics.tasks.deliver_due",
    "queues.tasks.move_messages",
    "accounts.tasks.settle_clocks",
)

app = Celery("pupitre")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    result_backend=None,
    worker_prefetch_multiplier=1,
    task_default_queue="events",
    task_routes={"runner.tasks.run_invocation": {"queue": "invoke"}},
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
        "health_check_interval": 25,
        "unacked_restore_throttle": 1,
    },
    worker_hijack_root_logger=False,
    beat_schedule={
        "every second": {"task": "console.tasks.do_every_second", "schedule": 1.0, "options": {"expires": 5}},
        "remove old firings": {"task": "triggers.tasks.prune_firings", "schedule": 3600.0},
        "remove old invocations": {"task": "runner.tasks.prune_invocations", "schedule": 3600.0},
        "remove old log events": {"task": "logs.tasks.sweep_logs", "schedule": 60.0, "options": {"expires": 60}},
        "remove old metrics": {"task": "logs.tasks.sweep_metrics", "schedule": 600.0, "options": {"expires": 600}},
        "remove old notifications": {"task": "topics.tasks.prune_notifications", "schedule": 3600.0},
        "look after layer builds": {
            "task": "runner.tasks.sweep_layer_builds",
            "schedule": 20.0,
            "options": {"expires": 20},
        },
        "remove old messages": {"task": "queues.tasks.sweep_queues", "schedule": 60.0, "options": {"expires": 60}},
        "remove unused packages": {"task": "functions.tasks.prune_packages", "schedule": 1800.0},
    },
)
app.steps["worker"].add("runner.worker.EngineStep")
app.steps["worker"].add("triggers.worker.MappingStep")
app.autodiscover_tasks()
