"""Dated notices about trading venues that close or change, shown wherever the venue is used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class VenueNotice:
    """One notice. `effective` is the day from which `text` is a fact; `severity` is "warning" or "closed"."""

    connector: str
    severity: str
    title: str
    text: str
    announced: date
    effective: date
    source: str

    def in_force(self, today: date) -> bool:
        """A notice is shown from the day it was announced."""
        return today >= self.announced


def notices_for(notices: Sequence[VenueNotice], connector: str, today: date) -> list[VenueNotice]:
    """Notices of one connector that are to be shown today; a perpetual connector shares its venue's notices."""
    venue = connector.removesuffix("_perpetual")
    return [notice for notice in notices if notice.connector == venue and notice.in_force(today)]
