"""One function for each operation of SQS that changes something.

Those about messages work within the caller's transaction if there is one, and are group-committed otherwise
(``queues.work``); ``receive_when_available`` is for event loops.
"""

from queues.services.ending import (
    change_message_visibility,
    change_message_visibility_batch,
    delete_message,
    delete_message_batch,
)
from queues.services.managing import (
    create_queue,
    delete_queue,
    purge_queue,
    set_queue_attributes,
    tag_queue,
    untag_queue,
)
from queues.services.moving import (
    cancel_message_move_task,
    move_messages,
    source_of_handle,
    start_message_move_task,
    task_handle,
)
from queues.services.permissions import add_permission, let_in, remove_permission
from queues.services.receiving import Received, receive_message, receive_when_available
from queues.services.sending import Sent, send_message, send_message_batch

__all__ = [
    "Received",
    "Sent",
    "add_permission",
    "cancel_message_move_task",
    "change_message_visibility",
    "change_message_visibility_batch",
    "create_queue",
    "delete_message",
    "delete_message_batch",
    "delete_queue",
    "let_in",
    "move_messages",
    "purge_queue",
    "receive_message",
    "receive_when_available",
    "remove_permission",
    "send_message",
    "send_message_batch",
    "set_queue_attributes",
    "source_of_handle",
    "start_message_move_task",
    "tag_queue",
    "task_handle",
    "untag_queue",
]
