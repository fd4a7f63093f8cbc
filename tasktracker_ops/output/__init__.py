"""Everything the user sees: results on stdout; progress, notes and errors on stderr."""

from . import tasks as tasks
from .console import Console as Console
