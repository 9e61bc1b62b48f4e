"""Fuzzes the decoders: ``python -m tests.fuzz [--inputs 1000000] [--seed 1]``.

Recorded messages of both dialects are cut, doubled, joined and scribbled over, and read by the strict JSON reader, the
session of ``spc.v1``, the seed dialect and the client's reader. Each may refuse in its documented way; anything else ends the
run with status 1 and the input that did it.
"""

import argparse
import contextlib
import random
import resource
import sys
import time
from pathlib import Path

import msgspec

from spc_desktop.domain.errors import UserError
from spc_desktop.protocol import seed, session
from spc_desktop.protocol.codec import load
from spc_desktop.viewer import wire

WIRE = Path(__file__).parents[1] / "data" / "wire"
TOKENS = [
    *(b'null true false NaN Infinity -0 1e999 9007199254740993 1.5 {} [] "" "*" : , \\ \\u0000 \\ud800'.split(b" ")),
    b'{"type":"',
    b'"id":1',
    b'"id":-1',
    "가".encode(),
    b"\xff\xfe",
    b"\x00",
    b"[" * 20,
    b'"' + b"a" * 4001 + b'"',
]


def corpus():
    """Return the recorded messages."""
    return [path.read_bytes() for path in sorted(WIRE.rglob("*.json"))]


def mutated(rng, known):
    """Return one input made of recorded ones."""
    data = bytearray(rng.choice(known))
    for _ in range(rng.choice((0, 1, 1, 2, 3, 8))):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice((1, 1, 2, 8, 64)))
        match rng.randrange(6):
            case 0:
                del data[at:end]
            case 1:
                data[at:at] = data[at:end]
            case 2:
                data[at:end] = rng.choice(TOKENS)
            case 3:
                data[at:at] = rng.choice(TOKENS)
            case 4:
                data[at:end] = rng.randbytes(end - at)
            case _:
                other = rng.choice(known)
                data[at:] = other[rng.randrange(len(other) + 1) :]
    return bytes(data)


def read(raw, talk, reader):
    """Let every decoder read; returns whether the hub understood it."""
    text = raw.decode("utf-8", "replace")
    request = talk.receive(text)
    if isinstance(request, session.Refused):
        talk.error(request.id, request.code, request.params)
    try:
        load(raw)
        for where in seed.Endpoint:
            seed.read_command(seed.load_message(text), where)
    except UserError as refused:
        seed.error(refused.code, refused.params)
    with contextlib.suppress(msgspec.MsgspecError):
        reader.read(raw)
    return not isinstance(request, session.Refused)


def connected():
    """Return a session that has said its name."""
    talk = session.V1Session()
    talk.receive('{"type":"connect","id":1}')
    return talk


def run(inputs, seed_number):
    """Fuzz; returns the number of inputs that were understood."""
    rng, known, reader = random.Random(seed_number), corpus(), wire.Reader()
    understood, talk = 0, connected()
    for number in range(inputs):
        if number % 50 == 0:
            talk = connected()
        raw = mutated(rng, known)
        try:
            understood += read(raw, talk, reader)
        except Exception:
            print(f"input {number} of seed {seed_number}: {raw!r}", file=sys.stderr)
            raise
    return understood


def main():
    """Read the options and fuzz."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--inputs", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=1)
    wanted = options.parse_args()
    began = time.monotonic()
    understood = run(wanted.inputs, wanted.seed)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{wanted.inputs} inputs, {understood} understood, 0 crashed, {time.monotonic() - began:.0f} s, {memory} MiB")


if __name__ == "__main__":
    main()
