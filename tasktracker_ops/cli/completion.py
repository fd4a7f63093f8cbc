"""What a shell offers for options and arguments: read within a second, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, FishComplete, add_completion_class

if TYPE_CHECKING:
    from tasktracker_ops.app import App

_SECONDS = 1.0
# Takes what was typed so far, and yields values with a description, which may be empty.
Offer = Callable[["App", str], Iterable[tuple[str, str]]]
Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


@add_completion_class
class WholeFishComplete(FishComplete):
    """The completion of fish, without click's cut at the first comma of a description."""

    source_template = FishComplete.source_template.replace(
        'string split ","', 'string split --max 1 ","'
    )


def offering(offer: Offer, *, needs_aws: bool = True) -> Complete:
    """Return the completion by what `offer` reads; after an error, or a second, by nothing."""

    def complete(
        click_context: click.Context, parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from threading import Thread

        found: list[tuple[str, str]] = []

        def read() -> None:
            # Nobody reads an error in the middle of a command.
            with suppress(Exception):
                found.extend(offer(_silent_app(click_context), incomplete))

        if needs_aws:
            import tasktracker_ops.adapters.aws.session  # noqa: F401  # not within the second

        reading = Thread(target=read, daemon=True)
        reading.start()
        reading.join(_SECONDS)
        return [
            CompletionItem(value, help=description or None)
            for value, description in list(found)
            if value.startswith(incomplete)
        ]

    return complete


def _silent_app(click_context: click.Context) -> App:
    """Return the application of the command line so far, which prints nothing."""
    from tasktracker_ops.app import App
    from tasktracker_ops.reporting import Silent

    return App(click_context.obj.settings, Silent(), lambda question: False)


def _regions(app: App, typed: str) -> Iterable[tuple[str, str]]:
    from tasktracker_ops.regions import region_names

    return sorted(region_names().items())


def _profiles(app: App, typed: str) -> Iterable[tuple[str, str]]:
    from tasktracker_ops.adapters.aws.profiles import profile_names

    return ((name, "") for name in profile_names(app.settings.environ))


def _environments(app: App, typed: str) -> Iterable[tuple[str, str]]:
    from tasktracker_ops.workflows.completions import environments

    return environments(app)


def _releases(app: App, typed: str) -> Iterable[tuple[str, str]]:
    from tasktracker_ops.workflows.completions import releases

    return releases(app)


def _alarms(app: App, typed: str) -> Iterable[tuple[str, str]]:
    from tasktracker_ops.workflows.completions import alarms

    return alarms(app)


complete_region = offering(_regions, needs_aws=False)
complete_profile = offering(_profiles)
complete_environment = offering(_environments)
complete_release = offering(_releases)
complete_alarm = offering(_alarms)
