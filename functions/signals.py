"""What others may want to know; sent after the transaction, in the process that made the change.

``function_deleted``   sender Function; ``account_id``, ``name``
``version_published``  sender Version; ``version``
"""

from django.dispatch import Signal

function_deleted = Signal()
version_published = Signal()
