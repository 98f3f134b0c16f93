"""The abstract base of rows that belong to a tenant. ``core`` has no tables of its own."""

from django.db import models

from core import clock


class AccountOwned(models.Model):
    """A row that belongs to one account; every query for it filters by ``account`` first."""

    account = models.ForeignKey("accounts.Account", on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        abstract = True
