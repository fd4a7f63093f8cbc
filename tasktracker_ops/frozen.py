"""Frozen data classes that take a quarter of the time to define.

The standard decorator compiles seven methods for each class: for the hundred classes of a
`tt-ops status`, that was a seventh of its processor time. Here all classes share all but one.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(*, frozen, slots):
        """Return the decorator that `dataclasses.dataclass` is with both arguments true."""
        if not (frozen and slots):
            raise TypeError("takes frozen=True and slots=True; others have dataclasses.dataclass")

        def decorate(cls):
            for method in (__eq__, __hash__, __repr__, __setattr__, __delattr__):
                setattr(cls, method.__name__, method)
            return dataclasses.dataclass(cls, eq=False, repr=False, slots=True)

        return decorate


def __eq__(self: Any, other: object) -> bool:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return _values(self) == _values(other)


def __hash__(self: Any) -> int:
    return hash(_values(self))


def __repr__(self: Any) -> str:
    shown = [field.name for field in dataclasses.fields(self) if field.repr]
    values = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
    return f"{type(self).__qualname__}({values})"


def __setattr__(self: Any, name: str, value: object) -> None:
    # Only `__init__` and copies find a field without a value.
    if hasattr(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
    object.__setattr__(self, name, value)


def __delattr__(self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _values(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, field.name) for field in dataclasses.fields(self))
