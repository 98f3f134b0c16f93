from django.apps import AppConfig


class QueuesConfig(AppConfig):
    name = "queues"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from core import targets
        from queues.targets import admit, deliver_to_queue

        targets.register("sqs", deliver_to_queue, opener=admit)
