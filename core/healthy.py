"""Whether one program is well, for whoever keeps it alive: quick, of the standard library alone, exit code 0 or 1.

python -m core.healthy http PORT             a door answers
python -m core.healthy socket PATH           somebody accepts connections
python -m core.healthy workers REDIS_SOCKET  a worker has said within the last seconds that it is alive
python -m core.healthy file PATH SECONDS     the file has been written to within so many seconds
"""

import http.client
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from core import clock

TIMEOUT_S = 5.0
WORKERS = "workers"  # runner.presence keeps them there, each with the moment until which it counts as alive


def http_answers(port: str) -> bool:
    door = http.client.HTTPConnection("127.0.0.1", int(port), timeout=TIMEOUT_S)
    door.request("GET", "/_health")
    return door.getresponse().status == 200


def socket_accepts(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(TIMEOUT_S)
        sock.connect(path)
    return True


def workers_live(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(TIMEOUT_S)
        sock.connect(path)
        sock.sendall(f"ZCOUNT {WORKERS} {clock.now().timestamp()} +inf\r\n".encode())
        answer = sock.recv(64)
    return answer.startswith(b":") and int(answer[1:]) > 0


def file_is_fresh(path: str, seconds: str) -> bool:
    written = max(file.stat().st_mtime for file in Path(path).parent.glob(f"{Path(path).name}*"))
    return clock.now().timestamp() - written < float(seconds)


CHECKS: dict[str, Callable[..., bool]] = {
    "http": http_answers,
    "socket": socket_accepts,
    "workers": workers_live,
    "file": file_is_fresh,
}


def main(arguments: list[str]) -> int:
    """0 when it is well; 1 when it is not, with the reason on standard error."""
    name, *parameters = arguments
    try:
        return 0 if CHECKS[name](*parameters) else 1
    except (OSError, ValueError, http.client.HTTPException) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
