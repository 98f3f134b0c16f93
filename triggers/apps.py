from django.apps import AppConfig


class TriggersConfig(AppConfig):
    name = "triggers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts import clocks, signals
        from core import targets
        from triggers import firing
        from triggers.targets import deliver_to_bus

        targets.register("events", deliver_to_bus)
        clocks.register(firing.settle)
        signals.clock_changed.connect(_ring, dispatch_uid="clock changed")


def _ring(**_: object) -> None:
    """A clock was changed: have those who wait told soon, rather than within the second."""
    from triggers import bell

    bell.ring("accounts.tasks.settle_clocks")
