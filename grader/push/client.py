"""Requests to an LMS: over TLS, to one host alone, repeated with patience where that can help.

The token goes to the address that was given and to no other: redirects are not followed, and pages that lie elsewhere
are not fetched. Nothing that is raised here holds it.
"""

from __future__ import annotations

import ipaddress
import json
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urljoin, urlsplit

from grader import __version__
from grader.display import clean_line
from grader.errors import FaultError, InputError
from grader.push.token import Token

if TYPE_CHECKING:
    import httpx2

MAX_BYTES = 50_000_000  # of one answer
MAX_PAGES = 2_000
RETRIED = frozenset({429, 500, 502, 503, 504})
THROTTLED = "rate limit exceeded"  # Canvas says so with a 403


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try: ``total`` seconds for one request with all its repetitions, ``answer`` for each answer.

    Before each repetition it waits twice as long as before the last, from ``first`` seconds to ``longest``, less a
    random part, so that many who wait do not all come back at once.
    """

    attempts: int = 8
    connects: int = 4  # of them, where nobody is there at all: the address may be wrong
    first: float = 0.5
    longest: float = 30.0
    total: float = 180.0
    answer: float = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What an LMS answered: its JSON data, and where it says that the next page is."""

    data: Any
    next: str | None = None


def check_address(text: str) -> str:
    """Return the address of an LMS without what stands behind its host and path.

    Raises:
        InputError: it is none, holds a name or password, or would send the token in the clear.
    """
    hint = "give it as in the browser: https://moodle.example.edu"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise InputError("this is no address of an LMS", hint) from None
    if parts.scheme not in ("https", "http") or not host or not text.isascii() or not text.isprintable():
        raise InputError("this is no address of an LMS", hint)
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise InputError("the address must not hold a name, a password, or anything behind ? or #", hint)
    if parts.scheme == "http" and not _is_loopback(host):
        raise InputError(
            f"http://{host} would send your token in the clear", "give an address that begins with https://"
        )
    place = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{place}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _name_host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "another page"
    except ValueError:
        return "another page"


def host_of(address: str) -> str:
    """Return the host of an address that was checked."""
    return urlsplit(address).hostname or ""


class Client:
    """Speaks to one LMS. Use it as a context manager."""

    def __init__(
        self,
        address: str,
        token: Token,
        *,
        header: bool,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Make a client for a checked address; with ``header`` the token goes with every request, as a bearer's."""
        try:
            import httpx2
        except ImportError:
            raise InputError("what `grader push` needs is not installed", "pip install 'grader[push]'") from None
        self.address = address
        self._token = token
        self._patience = patience or Patience()
        self._sleep = sleep
        headers = {"User-Agent": f"grader/{__version__}", "Accept": "application/json"}
        if header:
            headers["Authorization"] = f"Bearer {token.reveal()}"
        self._http = httpx2.Client(
            headers=headers,
            follow_redirects=False,
            timeout=httpx2.Timeout(self._patience.answer, connect=min(20.0, self._patience.answer)),
            trust_env=not _is_loopback(host_of(address)),  # a proxy has no business with this machine's own ports
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Return the JSON data at a path. See ``_send`` for what it raises."""
        return self._send("GET", f"{self.address}{path}", parameters=parameters).data

    def post(self, path: str, form: Mapping[str, str]) -> Any:
        """Send a form, and return the JSON data of the answer. What is sent must do no harm when it is sent twice."""
        return self._send("POST", f"{self.address}{path}", form=form).data

    def pages(self, path: str, parameters: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Yield the entries of a list that comes in pages, each naming where the next one is."""
        url, seen = f"{self.address}{path}", set[str]()
        while True:
            answer = self._send("GET", url, parameters=parameters)
            if not isinstance(answer.data, list):
                raise self._fault("a list was expected, and something else came")
            yield from answer.data
            if answer.next is None:
                return
            url, parameters = answer.next, None  # they are in the address already
            if url in seen or len(seen) >= MAX_PAGES:
                raise self._fault("its list of pages has no end")
            seen.add(url)

    def _send(
        self,
        method: str,
        url: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request, again where that may help.

        Raises:
            InputError: the LMS refuses the token, does not let this user do it, or knows no such course or assignment.
            FaultError: the LMS cannot be reached, fails, or answers what nobody can understand.
        """
        began = time.monotonic()
        for attempt in range(self._patience.attempts):
            reason, wait, attempts = "", None, self._patience.attempts
            try:
                response = self._once(method, url, parameters, form)
            except _NobodyThere as error:
                reason, attempts = str(error), self._patience.connects
            except _Unreachable as error:
                reason = str(error)
            else:
                if not _is_worth_repeating(response):
                    return self._read(response)
                reason, wait = f"it answers {response.status}", response.retry_after
            pause = self._choose_pause(attempt, wait)
            if attempt + 1 >= attempts or time.monotonic() - began + pause > self._patience.total:
                raise self._fault(f"{reason}, after {attempt + 1} {'try' if attempt == 0 else 'tries'}")
            self._sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _choose_pause(self, attempt: int, wait: float | None) -> float:
        pause: float = min(self._patience.longest, self._patience.first * 2.0**attempt)
        pause *= random.uniform(0.5, 1.0)
        return pause if wait is None else max(wait, 0.0) + pause * 0.1

    def _once(
        self, method: str, url: str, parameters: Mapping[str, Any] | None, form: Mapping[str, str] | None
    ) -> _Response:
        import httpx2

        began = time.monotonic()
        try:
            with self._http.stream(method, url, params=parameters, data=form) as response:
                data = bytearray()
                for chunk in response.iter_bytes():
                    data += chunk
                    if len(data) > MAX_BYTES:
                        raise self._fault(f"its answer is larger than {MAX_BYTES:,} bytes")
                    if time.monotonic() - began > self._patience.answer:  # a little each time is in time each time
                        raise _Unreachable("it did not answer in time")
                return _Response(response.status_code, bytes(data), _read_headers(response))
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise _NobodyThere(self._clean(f"no connection ({error or type(error).__name__})")) from None
        except httpx2.TimeoutException:
            raise _Unreachable("it did not answer in time") from None
        except (httpx2.TransportError, httpx2.DecodingError, httpx2.InvalidURL) as error:
            raise _Unreachable(self._clean(f"no connection ({type(error).__name__}: {error})")) from None

    def _read(self, response: _Response) -> Answer:
        if 300 <= response.status < 400:
            where = self._clean(_name_host(response.headers.get("location", "")))
            hint = "give the address that the browser shows, with --url"
            raise InputError(f"{self.address} sends to {where}, and your token goes nowhere else", hint)
        if response.status == 401:
            raise InputError(f"{self.address} refuses the token", "make a new one there, and set it anew")
        if response.status == 403:
            raise InputError(
                f"{self.address} does not let you do this{self._quote(response)}",
                "ask for the rights of a teacher in the course",
            )
        if response.status == 404:
            raise InputError(
                f"{self.address} knows no such course or assignment", "see --course-id and --assignment-id"
            )
        if not 200 <= response.status < 300:
            raise self._fault(f"it answers {response.status}{self._quote(response)}")
        try:
            data = json.loads(response.body)
        except (ValueError, RecursionError):
            raise self._fault("its answer is no JSON: is this the address of the LMS itself?") from None
        return Answer(data, self._find_next(response))

    def _find_next(self, response: _Response) -> str | None:
        """Return where the next page is, if it is on the same host: the token goes there."""
        url = response.links.get("next")
        if url is None:
            return None
        try:
            url = urljoin(self.address, url)
            here, there = urlsplit(self.address), urlsplit(url)
        except ValueError:
            raise self._fault("it names a page that has no address") from None
        if (there.scheme, there.netloc) != (here.scheme, here.netloc):
            raise self._fault("it names a page on another host, and your token goes nowhere else")
        return url

    def _quote(self, response: _Response) -> str:
        """Return what the LMS says is wrong, if it says that in a few words."""
        try:
            data = json.loads(response.body[:100_000])
            said = data["errors"][0]["message"] if "errors" in data else data["message"]
        except (ValueError, KeyError, IndexError, TypeError, RecursionError):
            return ""
        return f": {self._clean(said)}" if isinstance(said, str) else ""

    def _fault(self, reason: str) -> FaultError:
        return FaultError(f"{self.address}: {reason}", "try again later; what is written already is not written twice")

    def _clean(self, text: str) -> str:
        return clean_line(self._token.hide_in(text), 300)


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def retry_after(self) -> float | None:
        """How many seconds the LMS asks to wait, if it does."""
        text = self.headers.get("retry-after", "")
        if text.isascii() and text.isdigit():
            return float(text[:9])
        try:
            return (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None

    @property
    def links(self) -> Mapping[str, str]:
        """Where other pages are, by what they are of this one: ``next``."""
        found = {}
        for url, parameters in re.findall(r"<([^<>]*)>([^<>]*)", self.headers.get("link", "")[:20_000]):
            for name in re.findall(r';\s*rel\s*=\s*"?([A-Za-z]+)', parameters):
                found[name.lower()] = url
        return found


class _Unreachable(Exception):
    """No answer came."""


class _NobodyThere(_Unreachable):
    """There was not even a connection."""


def _is_worth_repeating(response: _Response) -> bool:
    throttled = response.status == 403 and THROTTLED in response.body[:2_000].decode("utf-8", "replace").lower()
    return throttled or response.status in RETRIED


def _read_headers(response: httpx2.Response) -> Mapping[str, str]:
    return {name: response.headers[name] for name in ("location", "retry-after", "link") if name in response.headers}
