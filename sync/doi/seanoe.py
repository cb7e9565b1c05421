"""Asks SEANOE for the record of a DOI: bounded in size and time, tried again where the server fails for the moment."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlsplit

from gdac.manifest.doi import DoiSnapshot, Snapshots
from gdac.store import TemporaryStoreError
from sync.doi.opening import opened_web
from sync.doi.record import MAX_ANSWER, RecordAnswerError, parse_answer, record_number
from sync.stores.retry import RetrySettings
from sync.stores.settings import HttpSettings

#: Where SEANOE's API lies.
API: Final = "https://www.seanoe.org/api"


@dataclass(frozen=True, slots=True)
class Seanoe:
    """The publisher's API.

    Attributes:
        doi: of the archive, without resolver.
        api: base address.
        settings: how to talk to it.
        retry: how often and how long to try again.
        seconds: longest time for one question, tries and all.
    """

    doi: str
    api: str = API
    settings: HttpSettings | None = None
    retry: RetrySettings | None = None
    seconds: float = 300.0

    async def snapshots(self, now: datetime) -> tuple[Snapshots, int]:
        """All snapshots of the DOI, without proofs, and how many of the record's files are none.

        Raises:
            StoreError: the server does not answer, or not in time.
            RecordAnswerError: it answers with something else.
            RefusedError: the DOI is not one of SEANOE's.
        """
        known, left_out = await self._ask(f"find-by-id/{record_number(self.doi)}")
        return Snapshots(self.doi, now.replace(microsecond=0), known), left_out

    async def snapshot(self, key: str) -> DoiSnapshot | None:
        """One snapshot by its key, asked for by itself; None where there is none.

        Raises:
            as `snapshots`.
        """
        found, _ = await self._ask(f"find-by-fragment/{record_number(self.doi)}", f"fragmentId={quote(key, safe='')}")
        return next((one for one in found if one.key == key), None)

    async def _ask(self, key: str, query: str = "") -> tuple[tuple[DoiSnapshot, ...], int]:
        base = self.api.rstrip("/")
        where = f"{base}/{key}" + (f"?{query}" if query else "")
        raw = bytearray()
        try:
            async with (
                asyncio.timeout(self.seconds),
                opened_web(base, self.settings, self.retry, query) as store,
                store.read(key) as reading,
            ):
                assert reading is not None  # only a conditional read yields None
                async for piece in reading.chunks():
                    raw += piece
                    if len(raw) > MAX_ANSWER:
                        raise RecordAnswerError(f"{where} answered with over {MAX_ANSWER:,} bytes; no record has.")
        except TimeoutError as error:
            raise TemporaryStoreError(
                f"{where} did not answer within {self.seconds:g} s.", hint="Try later."
            ) from error
        return parse_answer(bytes(raw), where, self.doi, urlsplit(base).netloc)
