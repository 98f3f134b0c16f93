"""Answers that come in parts: collected whole, or passed on as they come."""

from collections.abc import Callable

from core import limits
from runner import outcomes

type OnPart = Callable[[bytes, str], None]  # (the bytes, the answer's content type)


class Stream:
    """The streamed answer of one invocation. With ``on_part`` it may be long and is not kept; without, it is."""

    def __init__(self, on_part: OnPart | None) -> None:
        self._on_part = on_part
        self._kept: list[bytes] = []
        self._content_type = ""
        self.begun = False
        self.size = 0

    def begin(self, content_type: str) -> None:
        """The answer will be streamed; whoever looks on hears of it before there is anything to see."""
        self.begun, self._content_type = True, content_type
        if self._on_part is not None:
            self._on_part(b"", content_type)

    def add(self, data: bytes) -> bool:
        """Take a part; whether the answer is still within its limit."""
        self.size += len(data)
        if self._on_part is not None:
            if self.size > limits.STREAMED_RESPONSE_PAYLOAD:
                return False
            self._on_part(data, self._content_type)
        elif self.size <= outcomes.RESPONSE_LIMIT:
            self._kept.append(data)
        return self.size <= limits.STREAMED_RESPONSE_PAYLOAD

    @property
    def is_too_long_to_keep(self) -> bool:
        """Whether the answer was to be collected, and is longer than an answer may be."""
        return self._on_part is None and self.size > outcomes.RESPONSE_LIMIT

    def whole(self) -> bytes:
        """What was collected; nothing of what was passed on."""
        return b"".join(self._kept)
