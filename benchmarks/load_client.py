"""Closed-loop clients over bare sockets: each sends a text, waits for its answer, sends the next."""

import asyncio
import json
import time
from dataclasses import dataclass, field


@dataclass
class Found:
    """What came back: seconds of each answer, and how many were lost or other than expected."""

    seconds: list = field(default_factory=list)
    lost: int = 0
    wrong: int = 0
    wall: float = 0.0


async def client(port, bodies, expected, found, until, take):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while time.monotonic() < until and (number := take()) is not None:
            place = number % len(bodies)
            began = time.perf_counter()
            writer.write(bodies[place])
            try:
                status, answer = await answer_of(reader)
            except (asyncio.IncompleteReadError, ConnectionError):
                found.lost += 1
                return
            found.seconds.append(time.perf_counter() - began)
            if status != 200:
                found.lost += 1
            elif expected is not None and not same(answer, expected[place]):
                found.wrong += 1
    finally:
        writer.close()


async def answer_of(reader):
    """Read one HTTP/1.1 answer with a content-length."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    length = next(int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length"))
    body = await reader.readexactly(length)
    return int(lines[0].split()[1]), json.loads(body)


def same(answer, scores, tolerance=1e-3):
    """Say whether an answer (a list of {label, score}) has these scores by label."""
    return all(abs(each["score"] - scores[each["label"]]) < tolerance for each in answer)


def request(path, body):
    """Return the bytes of a POST."""
    content = json.dumps(body, ensure_ascii=False).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def run(port, bodies, expected, clients, *, seconds=3600.0, requests=None):
    """Run clients for some seconds or until so many requests were sent; returns a Found."""
    found, sent = Found(), 0

    def take():
        nonlocal sent
        if requests is not None and sent >= requests:
            return None
        sent += 1
        return sent - 1

    began = time.monotonic()
    work = [client(port, bodies, expected, found, began + seconds, take) for _ in range(clients)]
    await asyncio.gather(*work)
    found.wall = time.monotonic() - began
    return found


def percentile(values, share):
    """Return the value below which a share of them lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
