# SPDX-License-Identifier: MIT
"""As much CBOR as the beacons need: definite lengths, no tags (PROTOCOL.md, M1 and M2)."""
import struct
from typing import Any


class Malformed(ValueError):
    """Bytes that are not one whole item of that kind."""


class Raw(bytes):
    """Stands for itself where encode() meets it: for items that should not exist."""


def head(major: int, number: int) -> bytes:
    """The first bytes of an item: its major type and its number, in the shortest form."""
    if number < 24:
        return bytes([major << 5 | number])
    for extra, letter in ((24, "B"), (25, "H"), (26, "I"), (27, "Q")):
        if number < 1 << 8 * struct.calcsize(letter):
            return bytes([major << 5 | extra]) + struct.pack(">" + letter, number)
    raise ValueError(f"{number} does not fit in 64 bits")


def encode(item: Any) -> bytes:
    """One item, with everything in it."""
    match item:
        case Raw():
            return bytes(item)
        case None:
            return b"\xf6"
        case bool():
            return b"\xf5" if item else b"\xf4"
        case int():
            return head(0, item) if item >= 0 else head(1, -1 - item)
        case float():
            return b"\xfb" + struct.pack(">d", item)
        case bytes():
            return head(2, len(item)) + item
        case str():
            return head(3, len(item.encode())) + item.encode()
        case list():
            return head(4, len(item)) + b"".join(map(encode, item))
        case dict():
            pairs = (encode(key) + encode(value) for key, value in item.items())
            return head(5, len(item)) + b"".join(pairs)
    raise TypeError(f"{type(item)} has no place in a beacon")


class Reader:
    """Takes items off the front of some bytes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        piece = self.data[self.at:self.at + count]
        if len(piece) < count:
            raise Malformed("it ends too early")
        self.at += count
        return piece

    def number(self, extra: int) -> int:
        if extra < 24:
            return extra
        if extra > 27:
            raise Malformed("indefinite or reserved length")
        return int.from_bytes(self.take(1 << extra - 24), "big")

    def simple(self, extra: int) -> Any:
        if extra in (20, 21):
            return extra == 21
        if 25 <= extra <= 27:
            letter = "efd"[extra - 25]
            return struct.unpack(">" + letter, self.take(struct.calcsize(letter)))[0]
        self.number(extra)
        return None  # null, and those without a meaning here

    def map(self, count: int) -> dict:
        result = {}
        for _ in range(count):
            key = self.item()
            if not isinstance(key, str) or key in result:
                raise Malformed("a key that is not text, or stands twice")
            result[key] = self.item()
        return result

    def item(self) -> Any:
        first = self.take(1)[0]
        major, extra = first >> 5, first & 31
        if major == 7:
            return self.simple(extra)
        number = self.number(extra)
        match major:
            case 0:
                return number
            case 1:
                return -1 - number
            case 2:
                return self.take(number)
            case 3:
                return self.take(number).decode()
            case 4:
                return [self.item() for _ in range(number)]
            case 5:
                return self.map(number)
        raise Malformed("a tag")


def decode(data: bytes) -> Any:
    """The one item that these bytes are; Malformed for anything else."""
    reader = Reader(data)
    try:
        item = reader.item()
    except (UnicodeDecodeError, RecursionError) as why:
        raise Malformed(str(why)) from why
    if reader.at != len(data):
        raise Malformed("bytes follow the item")
    return item
