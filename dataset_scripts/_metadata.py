"""What a data card says about a data set before a row of it is read; loads no library."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DatasetMetadata:
    """Licence, languages and source of one data set, in the Hub's own identifiers.

    Attributes:
        pretty_name: The name people know it by.
        description: One sentence: what a row is and what its label says.
        languages: ISO 639-1 codes.
        licence: The Hub's licence identifier; "other" needs `licence_name` and `licence_link`.
        source: Where the publisher gives it away.
        task_ids: The Hub's identifiers of the finer task.
        text_fields: What `text` and `text_pair` hold, in the publisher's words (title, body).
    """

    pretty_name: str
    description: str
    languages: tuple[str, ...]
    licence: str
    source: str
    task_ids: tuple[str, ...] = ()
    text_fields: tuple[str, ...] = ()
    licence_name: str | None = None
    licence_link: str | None = None
