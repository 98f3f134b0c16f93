from django.apps import AppConfig


class AwsConfig(AppConfig):
    name = "aws"
    default_auto_field = "django.db.models.BigAutoField"
