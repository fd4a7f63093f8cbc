"""The build step that packs the project's templates into the wheel (setup.cfg names it)."""

from __future__ import annotations

import os
import runpy
import shutil
from pathlib import Path

from setuptools.command.build_py import build_py

_PACKAGE = Path("tasktracker_ops")
_TEMPLATES = _PACKAGE / "templates"


class BuildWithTemplates(build_py):
    """Copies the files of `tt-ops init` into the package; an editable install reads them here."""

    def run(self) -> None:
        """Build the package, and copy the templates."""
        super().run()
        if self.editable_mode:
            return
        # What an earlier build left there may have been removed here.
        shutil.rmtree(Path(self.build_lib) / _TEMPLATES, ignore_errors=True)
        for copy, source in self._copies().items():
            Path(copy).parent.mkdir(parents=True, exist_ok=True)
            self.copy_file(source, copy, preserve_mode=False)

    def get_source_files(self) -> list[str]:
        """Return what an sdist needs to build the wheel."""
        return [*super().get_source_files(), os.path.basename(__file__), *_templates().values()]

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """Return the paths that the build writes."""
        ours = [] if self.editable_mode else self._copies()
        return [*super().get_outputs(include_bytecode), *ours]

    def get_output_mapping(self) -> dict[str, str]:
        """Return the source of each path that the build writes."""
        ours = {} if self.editable_mode else self._copies()
        return {**super().get_output_mapping(), **ours}

    def _copies(self) -> dict[str, str]:
        """Return the source of each template in the package."""
        folder = Path(self.build_lib) / _TEMPLATES
        return {str(folder / name): file for name, file in _templates().items()}


def _templates() -> dict[str, str]:
    """Return the file of each template, by its path in a project."""
    listed = runpy.run_path(str(_PACKAGE / "adapters/host/template_files.py"))
    return {name: str(file) for name, file in listed["template_files"](Path()).items()}
