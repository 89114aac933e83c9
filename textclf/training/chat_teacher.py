"""A chat model as teacher: any endpoint that speaks OpenAI's protocol labels texts, each asked once in a lifetime.

Answers are kept on disk by what was asked of whom. The key comes from the environment alone and goes nowhere else.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
from tqdm.auto import tqdm

from ..errors import UserError
from ..labels import LabelSpace
from .chat_protocol import KEY, address_of, content_of, instructions, object_of, read_answer, schema

logger = logging.getLogger(__name__)

CACHE = Path(".cache/teachers")  # of the working folder
TRIES = 5  # of one request that the endpoint is too busy for
QUESTIONS = 3  # of one text, whose answers name no label
AT_ONCE = 4
SECONDS = 120.0  # for one answer
LONGEST_WAIT = 60.0
_THIS_TEXT = {400, 413, 422}  # what an endpoint says of a request that it cannot take


class Endpoint(NamedTuple):
    """Whom to ask: the address up to `/v1`, the model's name there, and the price of a million tokens in and out."""

    url: str
    model: str
    price: tuple[float, float] | None = None


class Answered(NamedTuple):
    """The labels of each text, ids in the order of the label space; None where no answer named any."""

    ids: list[list[int] | None]
    record: dict[str, Any]
    """For teacher.json: whom was asked what, how often, tokens and cost; no text."""


class ChatTeacher:
    """Labels texts through a chat endpoint."""

    def __init__(
        self,
        endpoint: Endpoint,
        labels: LabelSpace,
        meanings: Mapping[str, str],
        cache: Path = CACHE,
        wait: float = 1.0,
    ) -> None:
        """Take label names with what they mean, where that is said; `wait` seconds come before the second try.

        Raises:
            UserError: the address is none, or holds a password.
        """
        self.endpoint, self.labels, self.wait = endpoint, labels, wait
        self.address = address_of(endpoint.url)
        self.prompt = instructions(labels, meanings)
        self.structured = True  # until the endpoint says that it knows no schema
        self.requests = self.answered = 0
        who = json.dumps([self.address, endpoint.model, self.prompt], ensure_ascii=False)
        self.kept = cache / f"{hashlib.sha256(who.encode()).hexdigest()[:16]}.jsonl"
        self._key = os.environ.get(KEY, "")

    def __call__(self, texts: Sequence[str]) -> Answered:
        """Ask for all texts that no kept answer is for, and return all answers.

        Raises:
            UserError: the endpoint refuses, or stays away; what it answered until then is kept.
        """
        known = self._read()
        keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if new:
            self._ask_all(new, known)
        rows = [known[key] for key in keys]
        ids = [read_answer(row["content"], self.labels) for row in rows]
        return Answered(ids, self._record([known[key] for key in dict.fromkeys(keys)], ids, len(new)))

    def _read(self) -> dict[str, dict[str, Any]]:
        """Return kept answers by their text's hash; a last line that was cut off is no answer."""
        found: dict[str, dict[str, Any]] = {}
        if self.kept.exists():
            for line in self.kept.read_text(encoding="utf-8").splitlines():
                try:
                    row = json.loads(line)
                    found[row["text"]] = row
                except (ValueError, KeyError, TypeError):
                    continue
        return found

    def _ask_all(self, new: Mapping[str, str], known: dict[str, dict[str, Any]]) -> None:
        self.kept.parent.mkdir(parents=True, exist_ok=True)
        logger.info("Asking %s for the labels of %s texts.", self.endpoint.model, f"{len(new):,}")
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        with (
            httpx2.Client(timeout=SECONDS, headers=headers) as client,
            ThreadPoolExecutor(AT_ONCE, "asking") as pool,
            self.kept.open("a", encoding="utf-8") as file,
            tqdm(total=len(new), desc="asking", unit="text", disable=None) as bar,
        ):
            file.write("\n")  # ends a line that an interruption cut off
            waiting = {key: pool.submit(self._ask, client, text) for key, text in new.items()}
            try:
                for key, answer in waiting.items():
                    known[key] = {"text": key, **answer.result()}
                    file.write(json.dumps(known[key], ensure_ascii=False) + "\n")
                    file.flush()
                    bar.update()
            except BaseException:  # Ctrl-C too: nobody pays for answers that nobody waits for
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _ask(self, client: httpx2.Client, text: str) -> dict[str, Any]:
        """Return the last answer about a text, with the tokens of all of them."""
        used, content = Counter[str](), ""
        for _ in range(QUESTIONS):
            said = self._post(client, text)
            usage = said.get("usage") or {}
            used.update({name: int(usage.get(name) or 0) for name in ("prompt_tokens", "completion_tokens")})
            content = content_of(said)
            if read_answer(content, self.labels) is not None:
                break
        return {"content": content, **used}

    def _post(self, client: httpx2.Client, text: str) -> dict[str, Any]:
        for attempt in range(TRIES):
            try:
                self.requests += 1
                body = self._body(text)
                response = client.post(self.address, json=body)
            except httpx2.HTTPError as error:
                trouble, pause = f"{type(error).__name__}: {error}", self.wait * 2**attempt
            else:
                if response.status_code == 200:
                    self.answered += 1
                    return object_of(response)
                trouble = f"{response.status_code} {self._hidden(response.text[:200])}"
                if response.status_code in _THIS_TEXT and self.answered:
                    return {}  # too long, or filtered: this text alone stays without labels
                if response.status_code in _THIS_TEXT and "response_format" in body:
                    self.structured = False  # older servers know no schema: the prompt says the same
                    continue
                if response.status_code not in {408, 409, 425, 429} and response.status_code < 500:
                    raise UserError(self._refused(response.status_code, trouble))
                pause = max(self.wait * 2**attempt, _asked_to_wait(response))
            if attempt + 1 < TRIES:
                time.sleep(min(pause, LONGEST_WAIT))
        raise UserError(
            f"{self.address} did not answer in {TRIES} tries ({self._hidden(trouble)}). Answers until now are kept in "
            f"{self.kept}: the same command goes on with them."
        )

    def _body(self, text: str) -> dict[str, Any]:
        messages = [{"role": "system", "content": self.prompt}, {"role": "user", "content": text}]
        body: dict[str, Any] = {"model": self.endpoint.model, "messages": messages, "temperature": 0}
        return body | {"response_format": schema(self.labels)} if self.structured else body

    def _refused(self, status: int, trouble: str) -> str:
        if status in {401, 403}:
            what = "refuses the key" if self._key else "asks for a key"
            return f"{self.address} {what} ({status}). Set {KEY} in the environment: export {KEY}=..."
        return (
            f"{self.address} refuses the request for --teacher {self.endpoint.model}: {trouble}. --teacher_url is the "
            "address that OpenAI's clients take, up to /v1."
        )

    def _hidden(self, text: str) -> str:
        """Return what an endpoint said without the key, should it repeat it."""
        return text.replace(self._key, "***") if self._key else text

    def _record(self, rows: list[dict[str, Any]], ids: list[list[int] | None], new: int) -> dict[str, Any]:
        tokens = {name: sum(row[name] for row in rows) for name in ("prompt_tokens", "completion_tokens")}
        price = self.endpoint.price
        cost = price and (tokens["prompt_tokens"] * price[0] + tokens["completion_tokens"] * price[1]) / 1e6
        given = Counter(self.labels.names[i] for each in ids for i in each or [])
        return {
            **{"url": self.endpoint.url, "model": self.endpoint.model, "instructions": self.prompt},
            **{"texts": len(ids), "asked_now": new, "requests_now": self.requests, "unanswered": ids.count(None)},
            **{"tokens": tokens, "price_of_a_million_tokens": price and list(price), "cost": cost},
            "answers": {name: given[name] for name in self.labels.names},
        }


def _asked_to_wait(response: httpx2.Response) -> float:
    try:
        return float(response.headers.get("retry-after", 0))
    except ValueError:
        return 0.0
