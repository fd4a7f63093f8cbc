"""The commands of `tt-ops`."""

import gc

# A command makes many objects and little garbage: to look for it took a fifth of its time. Set
# here, before the modules of the commands and what they need are imported.
gc.set_threshold(200_000)
