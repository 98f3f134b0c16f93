from django.apps import AppConfig


class RunnerConfig(AppConfig):
    name = "runner"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts import clocks
        from core import targets
        from functions.runtimes import register_availability
        from logs.metrics import register_source
        from runner import clockwork
        from runner.metrics import NAMESPACE, LambdaMetrics
        from runner.runtimes import is_available
        from runner.targets import deliver_to_function

        targets.register("lambda", deliver_to_function)
        clocks.register(clockwork.settle)
        register_availability(is_available)
        register_source(NAMESPACE, LambdaMetrics())
