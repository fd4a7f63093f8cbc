"""Deploy and drive a Task Tracker on AWS, or on an AWS embedded in one local process."""

__version__ = "0.1.0"
