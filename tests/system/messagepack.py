# SPDX-License-Identifier: MIT
"""As much MessagePack as beacons over Serf and its agents' RPC need: no extensions."""
import struct
from typing import Any, Callable


class Malformed(ValueError):
    """Bytes that are not one whole item of that kind."""


# Of what is longer than its first byte can tell: first bytes, and how the length is written.
LENGTHS = {bytes: ((0xC4, "B"), (0xC5, "H"), (0xC6, "I")),
           str: ((0xD9, "B"), (0xDA, "H"), (0xDB, "I")),
           list: ((0xDC, "H"), (0xDD, "I")), dict: ((0xDE, "H"), (0xDF, "I"))}
SHORT = {str: (0xA0, 32), list: (0x90, 16), dict: (0x80, 16)}
NUMBERS = {0xCA: "f", 0xCB: "d", 0xCC: "B", 0xCD: "H", 0xCE: "I", 0xCF: "Q",
           0xD0: "b", 0xD1: "h", 0xD2: "i", 0xD3: "q"}
CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}


def head(kind: type, length: int) -> bytes:
    """The first bytes of text, bytes, an array or a map."""
    first, below = SHORT.get(kind, (0, 0))
    if length < below:
        return bytes([first | length])
    for first, letter in LENGTHS[kind]:
        if length < 1 << 8 * struct.calcsize(letter):
            return bytes([first]) + struct.pack(">" + letter, length)
    raise ValueError(f"a length of {length}")


def encode(item: Any) -> bytes:
    """One item, with everything in it."""
    match item:
        case None | bool():
            return bytes([next(first for first, value in CONSTANTS.items() if value is item)])
        case int():
            return struct.pack("b", item) if -32 <= item < 128 else struct.pack(
                ">Bq" if item < 0 else ">BQ", 0xD3 if item < 0 else 0xCF, item)
        case float():
            return struct.pack(">Bd", 0xCB, item)
        case bytes():
            return head(bytes, len(item)) + item
        case str():
            return head(str, len(item.encode())) + item.encode()
        case list():
            return head(list, len(item)) + b"".join(map(encode, item))
        case dict():
            pairs = (encode(key) + encode(value) for key, value in item.items())
            return head(dict, len(item)) + b"".join(pairs)
    raise TypeError(f"{type(item)} has no place in a beacon")


class Reader:
    """Takes items off something that gives so many bytes at a time."""

    def __init__(self, take: Callable[[int], bytes]) -> None:
        self.take = take

    def number(self, letter: str) -> Any:
        return struct.unpack(">" + letter, self.take(struct.calcsize(letter)))[0]

    def of(self, kind: type, length: int) -> Any:
        if kind is bytes:
            return self.take(length)
        if kind is str:
            return self.take(length).decode()
        if kind is list:
            return [self.item() for _ in range(length)]
        return {self.item(): self.item() for _ in range(length)}

    def item(self) -> Any:
        first = self.take(1)[0]
        if first < 0x80 or first >= 0xE0:
            return first if first < 0x80 else first - 0x100
        if first in CONSTANTS:
            return CONSTANTS[first]
        if first in NUMBERS:
            return self.number(NUMBERS[first])
        for kind, (start, count) in SHORT.items():
            if start <= first < start + count:
                return self.of(kind, first - start)
        for kind, forms in LENGTHS.items():
            for start, letter in forms:
                if start == first:
                    return self.of(kind, self.number(letter))
        raise Malformed(f"an item that begins with {first:#x}")


def decode(data: bytes) -> Any:
    """The one item that these bytes are; Malformed for anything else."""
    at = 0

    def take(count: int) -> bytes:
        nonlocal at
        at += count
        if at > len(data):
            raise Malformed("it ends too early")
        return data[at - count:at]
    try:
        item = Reader(take).item()
    except (UnicodeDecodeError, RecursionError, TypeError) as why:
        raise Malformed(str(why)) from why
    if at != len(data):
        raise Malformed("bytes follow the item")
    return item
