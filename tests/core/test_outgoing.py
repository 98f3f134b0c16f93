"""What students name is asked for only where strangers may go, and within bounds."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core import addresses, outgoing
from core.outgoing import Refused, Unreachable, check, request
from topics import signing

INSIDE = [
    "127.0.0.1",
    "127.8.9.10",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.17.0.1",
    "192.168.1.1",
    "192.0.0.8",
    "192.88.99.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:7f00:1::",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
]


@pytest.mark.parametrize("text", INSIDE)
def test_an_address_that_is_not_on_the_internet_is_not_public(text: str):
    assert not addresses.is_public(addresses.parse(text))


@pytest.mark.parametrize("text", ["1.1.1.1", "52.94.236.248", "2606:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1"])
def test_an_address_on_the_internet_is_public(text: str):
    assert addresses.is_public(addresses.parse(text))


# -- what is refused before anything is sent -------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.0.0.1:4566/",
        "http://0.0.0.0/",
        "http://[::]/",
        "http://[::1]:8000/",
        "http://[::ffff:127.0.0.1]/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://0x7f.1/",
        "http://127.1/",
        "http://localhost/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
    ],
)
def test_the_server_is_not_sent_inside(url: str):
    with pytest.raises(Refused):
        check(url)
    with pytest.raises(Refused):
        request("POST", url, body=b"{}")


@pytest.mark.parametrize(
    "url",
    [
        "gopher://example.com/",
        "file:///etc/passwd",
        "ftp://example.com/",
        "//example.com/",
        "example.com",
        "",
        "http://",
        "http:///path",
        "http://user@example.com/",
        "http://user:secret@example.com/",
        "http://example.com\\@127.0.0.1/",
        "http://example.com/\r\nX-Injected: 1",
        "http://example.com/a b",
        "http://exämple.com/",
        "http://example.com:99999/",
        "http://example.com:0/",
        "http://[::1/",
        "http://example.com/" + "x" * 3000,
    ],
)
def test_what_is_not_a_plain_web_address_is_refused(url: str):
    with pytest.raises(Refused):
        check(url)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "1\r\nX-Injected: 2"},
        {"X-A\r\nX-Injected": "1"},
        {"X A": "1"},
        {"": "1"},
        {"X-A": "nul\0"},
        {"Host": "127.0.0.1"},
        {"Transfer-Encoding": "chunked"},
        {"content-length": "0"},
    ],
)
def test_a_header_that_breaks_the_request_is_refused(headers: dict[str, str]):
    with pytest.raises(Refused):
        request("POST", "http://93.184.216.34/", headers=headers)


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Have the resolver give the addresses; the last answer again and again. Each is a list with spaces."""
    left = list(answers)
    asked: list[str] = []

    def resolver(host: str, port: int, **_options: object) -> list[tuple]:
        asked.append(host)
        found = (left.pop(0) if len(left) > 1 else left[0]).split()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(outgoing.socket, "getaddrinfo", resolver)
    return asked


def test_a_name_with_one_address_inside_is_refused_whatever_its_others_are(monkeypatch: pytest.MonkeyPatch):
    resolving(monkeypatch, "93.184.216.34 10.0.0.1")
    with pytest.raises(Refused):
        check("https://example.com/")


def test_an_address_of_this_machine_is_refused_even_when_it_is_public(monkeypatch: pytest.MonkeyPatch):
    resolving(monkeypatch, "93.184.216.34")
    monkeypatch.setattr(addresses, "is_this_machine", lambda address: True)
    with pytest.raises(Refused, match="this server"):
        check("https://example.com/")


def test_a_machine_knows_its_own_addresses():
    assert addresses.is_this_machine(addresses.parse("127.0.0.1"))
    assert not addresses.is_this_machine(addresses.parse("93.184.216.34"))


def test_the_name_of_this_server_is_refused(monkeypatch: pytest.MonkeyPatch, settings):
    resolving(monkeypatch, "93.184.216.34")
    settings.API_URL = "https://aws.school.example"
    with pytest.raises(Refused, match="this server"):
        check("https://aws.school.example/?Action=Publish")


def test_in_an_allowed_network_the_servers_own_ports_stay_closed(settings):
    settings.OUTGOING_NETWORKS, settings.API_INTERNAL = ["127.0.0.0/8"], "127.0.0.1:4599"
    for port in (settings.CONSOLE_PORT, settings.API_PORT, 4599):
        with pytest.raises(Refused, match="this server"):
            check(f"http://127.0.0.1:{port}/")


def test_a_name_that_does_not_resolve_is_unreachable():
    with pytest.raises(Unreachable):
        check("http://no-such-name.invalid/")


# -- the exchange ----------------------------------------------------------------------------------


class Other:
    """The other side: says ``script(connection)`` to each who connects, and keeps what it was asked."""

    def __init__(self, script: Callable[[socket.socket], None]) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.asked: list[bytes] = []
        self.script = script
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                connection, _address = self.listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self.asked.append(self.whole(connection))
                    self.script(connection)
                except OSError:
                    continue

    def whole(self, connection: socket.socket) -> bytes:
        """A request with its body; or what there was until the other side stopped."""
        asked = b""
        while data := connection.recv(65536):
            asked += data
            head, blank, body = asked.partition(b"\r\n\r\n")
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            if blank and len(body) >= int(length or 0):
                break
        return asked


@pytest.fixture
def other(settings) -> Iterator[Callable[[Callable[[socket.socket], None]], Other]]:
    settings.OUTGOING_NETWORKS = ["127.0.0.1"]
    made: list[Other] = []

    def make(script: Callable[[socket.socket], None]) -> Other:
        made.append(Other(script))
        return made[-1]

    yield make
    for one in made:
        one.listener.close()


def test_a_request_is_sent_and_its_answer_read(other):
    there = other(lambda c: c.sendall(b"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nfine!"))
    answer = request(
        "POST",
        f"http://127.0.0.1:{there.port}/hook?a=1",
        body=b"{}",
        headers={"X-Type": "é".encode().decode("latin-1")},
    )

    assert (answer.status, answer.headers["x-a"], answer.body, answer.ok) == (200, "b", b"fine!", True)
    head, _blank, body = there.asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /hook?a=1 HTTP/1.1\r\n")
    assert b"\r\nHost: 127.0.0.1:%d\r\n" % there.port in head
    assert b"\r\nContent-Length: 2\r\n" in head
    assert body == b"{}"


def test_a_redirect_is_an_answer_and_is_not_followed(other):
    there = other(
        lambda c: c.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
    )

    assert request("GET", f"http://127.0.0.1:{there.port}/").status == 302
    assert len(there.asked) == 1


def test_a_name_that_changes_its_mind_leads_to_the_address_that_was_checked(
    other, monkeypatch: pytest.MonkeyPatch, settings
):
    there = other(lambda c: c.sendall(b"HTTP/1.1 204 No Content\r\n\r\n"))
    asked = resolving(monkeypatch, "127.0.0.1", "10.0.0.1")
    url = f"http://rebinding.example:{there.port}/"

    assert request("GET", url).status == 204
    assert asked == ["rebinding.example"]
    assert b"Host: rebinding.example:" in there.asked[0]
    with pytest.raises(Refused):
        request("GET", url)


def test_an_answer_without_end_is_cut(other):
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    there = other(flood)
    assert len(request("GET", f"http://127.0.0.1:{there.port}/").body) == outgoing.ANSWER_KEPT


@pytest.mark.parametrize(
    "words",
    [b"HTTP/1.1 100 Continue\r\n\r\n", b"x" * 4096, b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 4096],
    ids=["interim answers", "no HTTP", "headers"],
)
def test_a_head_without_end_is_no_answer(other, words: bytes):
    def flood(connection: socket.socket) -> None:
        while True:
            connection.sendall(words)

    there = other(flood)
    with pytest.raises(Unreachable):
        request("GET", f"http://127.0.0.1:{there.port}/")


def test_who_never_answers_and_who_trickles_are_given_up_in_time(other):
    closing = threading.Event()

    def trickle(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while not closing.wait(0.02):
            connection.sendall(b"x")

    for script in (lambda _connection: closing.wait(30), trickle):
        there = other(script)
        with pytest.raises(Unreachable, match="timed out"):
            request("GET", f"http://127.0.0.1:{there.port}/", timeout_s=0.3)
    closing.set()


def test_nobody_there_is_unreachable(other):
    there = other(lambda _connection: None)
    there.listener.close()
    with pytest.raises(Unreachable):
        request("GET", f"http://127.0.0.1:{there.port}/")


class Secured(Other):
    """The same behind TLS, with a certificate that it has signed itself."""

    def __init__(self, folder: Path) -> None:
        private, certificate = signing._make()
        (folder / "pem").write_text(private + certificate)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(folder / "pem")
        super().__init__(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n"))

    def whole(self, connection: socket.socket) -> bytes:
        with self.context.wrap_socket(connection, server_side=True) as secured:
            return super().whole(secured)


def test_a_certificate_that_nobody_vouches_for_is_no_answer(settings, tmp_path: Path):
    settings.OUTGOING_NETWORKS = ["127.0.0.1"]
    there = Secured(tmp_path)
    with pytest.raises(Unreachable, match="certificate"):
        request("GET", f"https://127.0.0.1:{there.port}/")
    there.listener.close()
    assert there.asked == []
