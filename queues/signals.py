"""What others may want to know; sent after the commit, in the process that made the change, on whatever thread it was.

``message_available``  sender Queue; ``queue_id``, ``visible_ms``: a message may be received from then on
``queue_deleted``      sender Queue; ``account_id``, ``arn``
"""

from django.dispatch import Signal

message_available = Signal()
queue_deleted = Signal()
