"""E-mail of the embedded AWS: subscriptions that are confirmed first, and an inbox."""
