from django.apps import AppConfig


class TriggersConfig(AppConfig):
    name = "triggers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from core import targets
        from triggers.targets import deliver_to_bus

        targets.register("events", deliver_to_bus)
