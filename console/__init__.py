"""The Django project and the HTML door."""

from console.celery import app as celery_app

__all__ = ["celery_app"]
