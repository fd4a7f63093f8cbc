"""The deploy lock and its queue in an emulated bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from tasktracker_ops.adapters.aws.deploy_lock import DeployLocks
from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.lock import DeadRun, DeployLock, ProcessIdentity

from .conftest import BUCKET, STATE_KEY

LOCK = DeployLock(
    id="9e1c",
    who="ann@desk",
    host="desk",
    command="deploy",
    since="2026-01-02T03:04:05+00:00",
    clock="2026-01-02T03:04:04+00:00",
    process=ProcessIdentity("boot/pid:[1]", 4711, 12.34),
    commit="0a1b2c3",
    dead_runs=(DeadRun("bob@desk", "2026-01-01T00:00:00+00:00"),),
)
OTHER = replace(LOCK, id="7d2f", who="bob@desk")


@pytest.fixture
def s3(session: AwsSession, account: Any) -> Any:
    """Return the session's S3 client, in an account with an empty bucket."""
    return session.client("s3")


@pytest.fixture
def locks(session: AwsSession, s3: Any) -> DeployLocks:
    """Return the deploy lock of a state in the empty bucket."""
    return DeployLocks(session, bucket=BUCKET, state_key=STATE_KEY)


@pytest.fixture
def lose_answer(s3: Any) -> Iterator[Callable[[], None]]:
    """Yield a function that has the next write repeated, as botocore does without an answer."""
    pending: list[bool] = []

    def repeat(request: Any, **_: Any) -> None:
        if pending and request.method == "PUT":
            pending.clear()
            headers = dict(request.headers)
            again = {"If-None-Match": "IfNoneMatch", "If-Match": "IfMatch"}
            condition = {
                again[name]: value.decode() if isinstance(value, bytes) else value
                for name, value in headers.items()
                if name in again
            }
            body = request.body.read() if hasattr(request.body, "read") else request.body
            s3.put_object(Bucket=BUCKET, Key=f"{STATE_KEY}.deploy", Body=_plain(body), **condition)

    s3.meta.events.register_first("before-send.s3.PutObject", repeat)
    yield lambda: pending.append(True)
    assert not pending
    s3.meta.events.unregister("before-send.s3.PutObject", repeat)


def _plain(body: bytes) -> bytes:
    start, end = body.index(b"{"), body.rindex(b"}") + 1
    return body[start:end]


def test_only_one_takes_the_lock(locks: DeployLocks) -> None:
    """All that the holder wrote is read again; the other gets nothing."""
    etag = locks.take(LOCK)
    assert etag is not None
    assert locks.take(OTHER) is None
    holder = locks.queue().holder
    assert holder is not None
    assert (holder.lock, holder.etag) == (LOCK, etag)
    assert 0 <= holder.age < 60
    assert locks.release(etag)
    assert locks.queue().holder is None


def test_a_heartbeat_changes_the_etag(locks: DeployLocks) -> None:
    """So nobody takes over a lock whose holder has woken up since it was read."""
    read = locks.take(LOCK)
    assert read is not None
    beaten = locks.replace(replace(LOCK, beat=1), read)
    assert beaten not in (None, read)
    assert locks.replace(OTHER, read) is None
    assert not locks.release(read)


def test_a_lock_that_is_gone_cannot_be_replaced(locks: DeployLocks) -> None:
    """Nor does its heartbeat create it again."""
    etag = locks.take(LOCK)
    assert etag is not None
    locks.release(etag)
    assert locks.replace(replace(LOCK, beat=1), etag) is None
    assert locks.queue().holder is None


def test_a_lock_whose_answer_was_lost_is_recognised(
    locks: DeployLocks, lose_answer: Callable[[], None]
) -> None:
    """The repeated write is refused; the lock is held all the same."""
    lose_answer()
    etag = locks.take(LOCK)
    holder = locks.queue().holder
    assert holder is not None
    assert (holder.lock, holder.etag) == (LOCK, etag)
    lose_answer()
    etag = locks.replace(replace(LOCK, beat=1), str(etag))
    holder = locks.queue().holder
    assert holder is not None
    assert (holder.lock.beat, holder.etag) == (1, etag)


def test_an_older_heartbeat_of_ours_is_replaced(locks: DeployLocks) -> None:
    """One that was written though its call failed; the lock is not lost by it."""
    first = locks.take(LOCK)
    assert first is not None
    locks.replace(replace(LOCK, beat=1), first)
    etag = locks.replace(replace(LOCK, beat=1, dead_runs=()), first)
    holder = locks.queue().holder
    assert holder is not None
    assert (holder.lock.dead_runs, holder.etag) == ((), etag)


def test_tickets_are_in_the_order_of_arrival(locks: DeployLocks) -> None:
    """By AWS's time, to the second; a ticket has its owner."""
    late = locks.ticket_key("2026-01-02T03:04:06+00:00", "1")
    early = locks.ticket_key("2026-01-02T03:04:05+00:00", "2")
    locks.wait(late, LOCK)
    locks.wait(early, OTHER)
    assert [ticket.key for ticket in locks.queue().tickets] == [early, late]
    assert locks.ticket(early) == OTHER
    locks.remove_ticket(early)
    assert locks.ticket(early) is None
    assert [ticket.key for ticket in locks.queue().tickets] == [late]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"id": "1"}'])
def test_an_unreadable_lock_is_held(locks: DeployLocks, s3: Any, content: bytes) -> None:
    """By nobody who is known, until it is old enough to be dead."""
    s3.put_object(Bucket=BUCKET, Key=f"{STATE_KEY}.deploy", Body=content)
    holder = locks.queue().holder
    assert holder is not None
    assert (holder.lock.who, holder.lock.by_hand) == ("unknown", False)


def test_a_missing_bucket_is_an_error_but_for_a_release(
    session: AwsSession, locks: DeployLocks, s3: Any
) -> None:
    """A destroy deletes the bucket while it holds the lock."""
    etag = locks.take(LOCK)
    assert etag is not None
    s3.delete_object(Bucket=BUCKET, Key=f"{STATE_KEY}.deploy")
    s3.delete_bucket(Bucket=BUCKET)
    assert locks.release(etag)
    with pytest.raises(TtOpsError, match="NoSuchBucket"):
        locks.replace(LOCK, etag)
