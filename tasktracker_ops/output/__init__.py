"""Everything the user sees: results on stdout; progress, notes and errors on stderr."""

from . import drills as drills
from . import health as health
from . import logs as logs
from . import mail as mail
from . import metrics as metrics
from . import tasks as tasks
from .console import Console as Console
