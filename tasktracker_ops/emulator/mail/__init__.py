"""The emulator's e-mail: subscriptions that are confirmed first, and an inbox."""
