"""The official archives from GroupLens."""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Callable

from tfrs_lab.data.catalogue import Release
from tfrs_lab.data.errors import DataError
from tfrs_lab.data.reading.archive import Archive, open_archive
from tfrs_lab.data.sources import tfds_bridge

PROBE_SECONDS = 3.0


def fetch(known: Release, *, report: Callable[[str], None] = lambda line: None) -> Archive:
    """Downloads a release through TFDS's download manager, checked against TFDS's checksum.

    TFDS retries for more than three minutes when there is no network, so the server is probed first.

    Raises:
        DataError: If the server does not answer within three seconds, or the download fails or takes too long.
    """
    reason = probe(known.url)
    if reason:
        raise DataError(f"{known.url} cannot be reached ({reason})")
    report(f"downloading {known.url}")
    return open_archive(tfds_bridge.download(known), known)


def probe(url: str, *, seconds: float = PROBE_SECONDS) -> str | None:
    """Why an address cannot be reached within some seconds; None if it can. Honours the proxy settings.

    In a thread, because resolving a name has no time limit of its own.
    """
    result: list[str | None] = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=seconds):
                result.append(None)
        except Exception as error:
            result.append(str(error) or type(error).__name__)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return result[0] if result else f"no answer in {seconds:g} s"
