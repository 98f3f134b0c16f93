"""What others may want to know of accounts, sent after the commit."""

from django.dispatch import Signal

clock_changed = Signal()  # account_id
