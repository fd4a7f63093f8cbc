"""Our frozen data classes behave as the standard ones."""

from __future__ import annotations

import copy
import dataclasses
import pickle  # nosec B403 # of an object of this test

import pytest

from tasktracker_ops import frozen


@frozen.dataclass(frozen=True, slots=True)
class Ours:
    """A name, a secret and a list."""

    name: str
    secret: str = dataclasses.field(default="x", repr=False)
    words: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Standard:
    """The same."""

    name: str
    secret: str = dataclasses.field(default="x", repr=False)
    words: tuple[str, ...] = ()


@frozen.dataclass(frozen=True, slots=True)
class More(Ours):
    """Ours with a number."""

    number: int = 0


def test_it_prints_and_hashes_as_the_standard_one() -> None:
    """Only a hidden field is left out."""
    assert repr(Ours("a", words=("b",))) == repr(Standard("a", words=("b",))).replace(
        "Standard", "Ours"
    )
    assert hash(Ours("a")) == hash(Standard("a"))


def test_only_the_same_class_with_the_same_values_is_equal() -> None:
    """A subclass is another class."""
    assert Ours("a") == Ours("a")
    assert Ours("a") != Ours("a", secret="y")
    assert Ours("a") != More("a")
    assert More("a", number=1) != More("a")


@pytest.mark.parametrize("name", ["name", "other"])
def test_nothing_can_be_assigned(name: str) -> None:
    """Neither a field, nor anything else."""
    for value in (Ours("a"), More("a")):
        with pytest.raises(AttributeError):
            setattr(value, name, "b")
        with pytest.raises(dataclasses.FrozenInstanceError):
            delattr(value, name)
        assert value.name == "a"


def test_copies_are_equal() -> None:
    """Also those of `replace` and pickle."""
    value = More("a", number=1)
    copies = [copy.deepcopy(value), pickle.loads(pickle.dumps(value))]  # nosec B301
    assert [*copies, dataclasses.replace(value)] == [value] * 3
