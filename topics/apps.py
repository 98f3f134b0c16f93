from django.apps import AppConfig


class TopicsConfig(AppConfig):
    name = "topics"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts import clocks
        from core import targets
        from topics import delivering
        from topics.targets import admit, check_publisher, deliver_to_topic

        targets.register("sns", deliver_to_topic, doorman=check_publisher, opener=admit)
        clocks.register(delivering.settle)
