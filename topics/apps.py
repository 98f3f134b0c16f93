from django.apps import AppConfig


class TopicsConfig(AppConfig):
    name = "topics"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from core import targets
        from topics.targets import deliver_to_topic, let_in

        targets.register("sns", deliver_to_topic, doorman=let_in)
