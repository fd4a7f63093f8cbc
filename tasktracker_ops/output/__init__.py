"""Everything the user sees: results on stdout; progress, notes and errors on stderr."""

from .console import Console as Console
