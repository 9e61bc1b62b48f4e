"""The client's side of ``spc.v1``: frames in as messages, commands out as frames; no socket."""

import math
from typing import Any

import msgspec
from msgspec import Struct

from spc_desktop.domain.measurement import Measurement, MeasurementIn
from spc_desktop.hub.api import WatchFilter
from spc_desktop.protocol import messages as m
from spc_desktop.protocol import v1
from spc_desktop.protocol.answers import ANSWERS
from spc_desktop.protocol.codec import encode

FRAME_BYTES = 60_000
"""Largest frame this client sends; the hub takes 64 KiB."""
FRAME_ITEMS = 500

__all__ = ["ANSWERS", "Reader", "frames_of", "item", "subscription", "with_id"]


class IngestResult(Struct, frozen=True, kw_only=True):
    """``v1.Ingested`` as this client reads it."""

    accepted: int
    duplicates: int
    rejected: tuple[m.Rejected, ...] = ()
    measurements: tuple[Measurement, ...] = ()


class _Head(Struct):
    type: str


_head = msgspec.json.Decoder(_Head)
_kinds: dict[str, type] = {str(kind.__struct_config__.tag): kind for kind in m.AnyEvent.__args__}
_kinds |= {
    "hello": v1.Hello,
    "result": v1.ResultIn,
    "error": v1.Error,
    "sync": v1.Sync,
    "gap": v1.Gap,
    "batch": v1.BatchIn,
    "shutdown": v1.Shutdown,
}

Message = m.AnyEvent | v1.Hello | v1.ResultIn | v1.Error | v1.Sync | v1.Gap | v1.BatchIn | v1.Shutdown


class Reader:
    """Decodes frames; a type of a later version gives None, as growth within v1 asks."""

    def __init__(self) -> None:
        self._decoders: dict[str, msgspec.json.Decoder[Any]] = {
            name: msgspec.json.Decoder(kind) for name, kind in _kinds.items()
        }

    def read(self, raw: bytes | msgspec.Raw) -> Message | None:
        """Return the message of a frame, or None where its type is not known here.

        Raises:
            msgspec.MsgspecError: this is no message of a hub.
        """
        try:
            decoder = self._decoders.get(_head.decode(raw).type)
            return None if decoder is None else decoder.decode(raw)
        except (UnicodeDecodeError, RecursionError) as garbled:  # the decoder lets these pass as they are
            raise msgspec.DecodeError(str(garbled)) from garbled


def with_id(body: bytes, command_id: int) -> bytes:
    """Put the id into an encoded object that has at least one field."""
    return b'{"id":%d,' % command_id + body[1:]


def subscription(sub: str, wanted: WatchFilter) -> dict[str, Any]:
    """Return a filter as the fields of a ``subscribe`` command; what is not limited is ``"*"``."""

    def listed(values: Any) -> Any:
        return "*" if values is None else sorted(values)

    return {
        "sub": sub,
        "products": listed(wanted.products),
        "types": listed(wanted.types),
        "characteristics": listed(wanted.characteristics),
    }


def item(measurement: MeasurementIn) -> bytes:
    """Encode a measurement; JSON has no NaN, so it travels as text and reaches the quarantine of the hub."""
    encoded = encode(measurement)
    if all(map(math.isfinite, measurement.values)):
        return encoded
    fields = msgspec.to_builtins(measurement)
    fields["values"] = [value if math.isfinite(value) else _word(value) for value in measurement.values]
    return encode(fields)


def _word(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def frames_of(items: list[bytes]) -> list[list[bytes]]:
    """Split encoded measurements, in order, into parts that fit one frame each."""
    parts: list[list[bytes]] = []
    size = FRAME_BYTES
    for encoded in items:
        if size + len(encoded) > FRAME_BYTES or len(parts[-1]) >= FRAME_ITEMS:
            parts.append([])
            size = 100
        parts[-1].append(encoded)
        size += len(encoded) + 1
    return parts
