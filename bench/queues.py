"""Queues: calls a second, beside moto's server in the same run where it can be installed."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

import boto3
from botocore.config import Config

from bench.load import Connection, percentile, run
from bench.peers import MOTO, Missing, moto_server
from bench.processes import processor_s, tree
from bench.table import Row, Target
from tests.live import Live

CLIENTS, WARM_S, SECONDS = 8, 2.0, 8.0
BODY = json.dumps({"order": 1, "text": "x" * 200})
GOAL = 1_500


class Sqs:
    """One connection that signs its own calls, at a twentieth of what an SDK takes."""

    def __init__(self, port: int, key: str, secret: str, connection: Connection) -> None:
        self._connection, self._key, self._host = connection, key, f"127.0.0.1:{port}"
        day = f"{datetime.now(UTC):%Y%m%d}"
        self._scope = f"{day}/us-east-1/sqs/aws4_request"
        signing = f"AWS4{secret}".encode()
        for part in (day, "us-east-1", "sqs", "aws4_request"):
            signing = hmac.digest(signing, part.encode(), "sha256")
        self._signing = signing

    @classmethod
    async def to(cls, port: int, key: str, secret: str) -> "Sqs":
        return cls(port, key, secret, await Connection.to(port))

    async def __call__(self, operation: str, **members: Any) -> dict[str, Any]:
        body = json.dumps(members).encode()
        head, answer = await self._connection.exchange(self._signed(f"AmazonSQS.{operation}", body) + body)
        status = head.partition(b"\r\n")[0]
        if not status.endswith(b"200 ok"):
            raise RuntimeError(f"{status.decode()}: {answer.decode(errors='replace')[:300]}")
        return json.loads(answer) if answer else {}

    def _signed(self, target: str, body: bytes) -> bytes:
        at = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        names = "host;x-amz-date;x-amz-target"
        headers = f"host:{self._host}\nx-amz-date:{at}\nx-amz-target:{target}\n"
        canonical = f"POST\n/\n\n{headers}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        text = f"AWS4-HMAC-SHA256\n{at}\n{self._scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.new(self._signing, text.encode(), "sha256").hexdigest()
        return (
            f"POST / HTTP/1.1\r\nHost: {self._host}\r\nX-Amz-Date: {at}\r\nX-Amz-Target: {target}\r\n"
            f"Content-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n"
            f"Authorization: AWS4-HMAC-SHA256 Credential={self._key}/{self._scope}, SignedHeaders={names}, "
            f"Signature={signature}\r\n\r\n"
        ).encode()


async def calls(port: int, key: str, secret: str, url: str, *, clients: int, seconds: float) -> dict[str, list[float]]:
    """Each client sends, receives and deletes in turn; milliseconds of each call, by operation."""
    took: dict[str, list[float]] = {"SendMessage": [], "ReceiveMessage": [], "DeleteMessage": []}

    async def timed(sqs: Sqs, operation: str, **members: Any) -> dict[str, Any]:
        begun = time.perf_counter()
        answer = await sqs(operation, QueueUrl=url, **members)
        took[operation].append((time.perf_counter() - begun) * 1000)
        return answer

    async def client() -> None:
        sqs = await Sqs.to(port, key, secret)
        for operation in cycle(("SendMessage", "ReceiveMessage")):
            if time.perf_counter() > until:
                return
            if operation == "SendMessage":
                await timed(sqs, operation, MessageBody=BODY)
                continue
            for message in (await timed(sqs, operation)).get("Messages", []):
                await timed(sqs, "DeleteMessage", ReceiptHandle=message["ReceiptHandle"])

    until = time.perf_counter() + seconds
    await asyncio.gather(*(client() for _ in range(clients)))
    return took


def _rate(port: int, key: str, secret: str, url: str) -> tuple[float, str]:
    run(calls(port, key, secret, url, clients=CLIENTS, seconds=WARM_S))
    took = run(calls(port, key, secret, url, clients=CLIENTS, seconds=SECONDS))
    detail = ", ".join(f"{name[:-7].lower()} p50 {percentile(of, 50):.1f}" for name, of in took.items() if of)
    return sum(map(len, took.values())) / SECONDS, detail


def queues(live: Live) -> Iterator[Row]:
    url = live.client("sqs").create_queue(QueueName="bench")["QueueUrl"]
    servers = [process for process in tree(live.process.pid) if not process.sandboxed]
    begun = processor_s(servers)
    rate, detail = _rate(live.api_port, live.access_key_id, live.secret_access_key, url)
    spent = (processor_s(servers) - begun) / (rate * (SECONDS + WARM_S)) * 1000
    alone = run(calls(live.api_port, live.access_key_id, live.secret_access_key, url, clients=1, seconds=3))
    goal = Target(f"≥ {GOAL:,}/s", rate >= GOAL)
    yield Row("queue calls, eight clients", f"{rate:.0f}/s ({detail} ms)", None, goal)
    shown = ", ".join(f"{name[:-7].lower()} {percentile(of, 50):.2f}" for name, of in alone.items())
    yield Row("  processor time for each of them", f"{spent:.2f} ms")
    yield Row("  one client, p50", f"{shown} ms")
    try:
        with moto_server() as port:
            client = boto3.client(
                "sqs",
                endpoint_url=f"http://127.0.0.1:{port}",
                region_name="us-east-1",
                aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
                aws_secret_access_key="x",
                config=Config(retries={"max_attempts": 0}),
            )
            url = client.create_queue(QueueName="bench")["QueueUrl"]
            theirs, detail = _rate(port, "AKIAIOSFODNN7EXAMPLE", "x", url)
            shown = f"{theirs:.0f}/s ({detail} ms; in memory, signatures unread); pupitre / peer = {rate / theirs:.2f}"
            yield Row(f"moto {MOTO}, queue calls, eight clients", shown)
    except Missing as missing:
        yield Row("moto server, queues", f"not measured: {missing}")
