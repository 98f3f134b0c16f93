from django.apps import AppConfig


class RunnerConfig(AppConfig):
    name = "runner"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from core import targets
        from runner.targets import deliver_to_function

        targets.register("lambda", deliver_to_function)
