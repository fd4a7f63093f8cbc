"""What is wrong with a package, found before anything is uploaded."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tasktracker_ops.adapters.package.import_check import try_import
from tasktracker_ops.adapters.package.platforms import runs_here, this_machine
from tasktracker_ops.adapters.terraform.variables import function_variables
from tasktracker_ops.errors import Finding, TtOpsError, quoted
from tasktracker_ops.models.package import InstalledPackages, PackagePart

if TYPE_CHECKING:
    from pathlib import Path

    from tasktracker_ops.app import App

_HANDLER = "handler.lambda_handler"
# Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_LARGEST = 250 * 1024 * 1024
_IN_THE_RUNTIME = ("boto3", "botocore")
_NATIVE = (".so", ".dylib", ".pyd")


def check_package(
    app: App,
    sources: Mapping[str, bytes],
    installed: InstalledPackages | None,
    parts: Sequence[PackagePart],
    *,
    import_handler: bool = True,
) -> None:
    """Raise TtOpsError for a package that Lambda would not take, or could not start.

    `source-invalid`, `sdk-packed`, `module-shadowed`, `package-too-large` and
    `handler-not-importable`; `parts` begin with the largest.
    """
    _require_valid_syntax(app.settings.project / "lambda_function", sources)
    if installed:
        _require_no_boto3(installed)
        _require_distinct_names(sources, installed)
    _require_size(parts)
    if import_handler:
        _require_importable(app, sources, installed)


def _require_valid_syntax(folder: Path, sources: Mapping[str, bytes]) -> None:
    """Raise TtOpsError `source-invalid` for a Python file that does not compile."""
    for name, content in sources.items():
        if not name.endswith(".py"):
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(content, name, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None)
            where = f"{folder.name}/{name}" + (f", line {line}" if line else "")
            reason = getattr(error, "msg", str(error))
            python = this_machine().python
            raise TtOpsError(
                "source-invalid",
                f"{where} is not valid in Python {python}: {reason}",
                hint=f"fix it: ${{EDITOR:-vi}} {folder.name}/{name}",
                findings=[Finding(reason, folder / name, line)],
            ) from None


def _require_no_boto3(installed: InstalledPackages) -> None:
    """Raise TtOpsError `sdk-packed` where a package brings what Lambda's runtime has."""
    for each in installed.packages:
        if each.name.lower() in _IN_THE_RUNTIME:
            name = each.name.lower()
            needing = [other.name for other in installed.packages if name in other.requires]
            source = f"{quoted(needing[0])} brings" if needing else "requirements.txt names"
            raise TtOpsError(
                "sdk-packed",
                f"{source} {name} {each.version}, which Lambda's runtime has already",
                hint="remove it, or what needs it: ${EDITOR:-vi} lambda_function/requirements.txt",
            )


def _require_distinct_names(sources: Mapping[str, bytes], installed: InstalledPackages) -> None:
    """Raise TtOpsError `module-shadowed` where a package has a module of a source's name."""
    ours = {_top_name(path): path for path in sources if path.endswith(".py")}
    for package in installed.packages:
        for path in package.files:
            if (source := ours.get(_top_name(path))) and path.endswith(".py"):
                raise TtOpsError(
                    "module-shadowed",
                    f"the package {quoted(package.name)} has {quoted(path)}, and "
                    f"lambda_function/{source} is a module of the same name",
                    hint=f"rename yours: git mv lambda_function/{source} lambda_function/NAME",
                )


def _top_name(path: str) -> str:
    return path.partition("/")[0].removesuffix(".py")


def _require_size(parts: Sequence[PackagePart]) -> None:
    """Raise TtOpsError `package-too-large` above what Lambda unpacks; name what is largest."""
    size = sum(part.size for part in parts)
    if size > _LARGEST:
        largest = ", ".join(f"{part.name} {part.size // 1_000_000} MB" for part in parts[:3])
        raise TtOpsError(
            "package-too-large",
            f"the package has {size:,} bytes unpacked, and Lambda takes at most {_LARGEST:,}; "
            f"largest: {largest}",
            hint="use smaller packages: ${EDITOR:-vi} lambda_function/requirements.txt",
        )


def _require_importable(
    app: App,
    sources: Mapping[str, bytes],
    installed: InstalledPackages | None,
) -> None:
    """Raise TtOpsError `handler-not-importable`, where this machine can tell.

    It cannot where packages have compiled code for another platform; nor about what the handler
    asks of AWS while it is imported, which the check of the new version will show.
    """
    native = installed and any(path.endswith(_NATIVE) for path in installed.files)
    if installed and native and not runs_here(installed.platform):
        return
    app.report.doing("importing the handler")
    failure = try_import(
        _HANDLER,
        sources,
        installed.folder if installed else None,
        folder=app.settings.project / ".tt-ops" / "import-check",
        variables=function_variables(app.settings.project / "terraform"),
        environment=app.settings.environ,
    )
    if failure is None:
        return
    if failure.elsewhere:
        app.report.note(f"The handler may need AWS to be imported: {failure.message}")
        return
    folder = app.settings.project / "lambda_function"
    line = f", line {failure.line}" if failure.line else ""
    where = f" (lambda_function/{failure.file}{line})" if failure.file else ""
    python = this_machine().python
    raise TtOpsError(
        "handler-not-importable",
        f"{quoted(_HANDLER)} cannot be imported with Python {python}: {failure.message}{where}",
        hint=f"fix it: ${{EDITOR:-vi}} lambda_function/{failure.file or 'handler.py'}",
        findings=[Finding(failure.message, folder / (failure.file or "handler.py"), failure.line)],
    )
