"""Where each command is, so that help imports none of them and a command only its own module."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A command: its module, its family, and what the help of `tt-ops` says of it."""

    module: str
    family: str
    summary: str


# The modules with commands, in the order of the help text.
MODULES = (
    "init",
    "setup",
    "config",
    "local",
    "deployment",
    "releases",
    "promote_to",
    "canary",
    "drift",
    "lock",
    "state",
    "environments",
    "destroy",
    "tasks",
    "status",
    "alarms",
    "watch",
    "doctor",
    "console",
    "dashboard",
    "addresses",
    "logs",
    "costs",
    "drill",
)

# Written by `python docs/commands.py`, from the modules above.
COMMANDS: dict[str, Entry] = {
    "init": Entry("init", "Set up", "Make a project in FOLDER, or in the current folder."),
    "bootstrap": Entry(
        "setup", "Set up", "Create the bucket and the lock table for Terraform's state."
    ),
    "build": Entry("setup", "Set up", "Pack lambda_function/ and its packages into function.zip."),
    "permissions": Entry("setup", "Set up", "Print the policy of a role, to paste into IAM."),
    "config": Entry("config", "Set up", "Show the settings, and edit tt-ops.toml."),
    "local": Entry("local", "Local target", "Start, stop and inspect the AWS emulator."),
    "plan": Entry(
        "deployment", "Deploy", "Show what a deploy would change, destructive changes first."
    ),
    "deploy": Entry(
        "deployment", "Deploy", "Build, plan, confirm, apply and check the whole service."
    ),
    "outputs": Entry(
        "deployment", "Deploy", "Print what is deployed, as the deployment describes itself."
    ),
    "adopt": Entry(
        "deployment", "Deploy", "Show what exists in AWS but is not in Terraform's state."
    ),
    "releases": Entry("releases", "Deploy", "List the releases, and which one is live."),
    "rollback": Entry(
        "releases", "Deploy", "Let an earlier release serve again, and check the API."
    ),
    "promote-to": Entry(
        "promote_to", "Deploy", "Release this environment's package in the environment ENV."
    ),
    "promote": Entry("canary", "Deploy", "Let the canary take all requests."),
    "abort": Entry("canary", "Deploy", "Let the previous release take all requests again."),
    "drift": Entry("drift", "Deploy", "Show what was changed outside of Terraform."),
    "lock": Entry("lock", "Deploy", "Lock deploys by hand, such as for holidays or an incident."),
    "unlock": Entry("lock", "Deploy", "Release the deploy lock, or a lock that Terraform left."),
    "state": Entry("state", "Deploy", "List, print, restore and repair Terraform's state."),
    "environments": Entry(
        "environments", "Deploy", "List the environments of the account and region."
    ),
    "destroy": Entry("destroy", "Deploy", "Remove the deployment and all its tasks."),
    "tasks": Entry("tasks", "Use", "List, add, edit, remove, recover, export and import tasks."),
    "status": Entry("status", "Observe", "Show on one screen whether the service is healthy."),
    "alarms": Entry(
        "alarms", "Observe", "Show the alarms, their conditions and actions, or mute them."
    ),
    "watch": Entry("watch", "Observe", "Show everything about the service live, on one screen."),
    "doctor": Entry("doctor", "Observe", "Find what is wrong, and show how to fix it."),
    "support": Entry(
        "doctor", "Observe", "Write one archive without secrets, to send with a question."
    ),
    "console": Entry(
        "console", "Observe", "Show and operate the deployment on one page in the browser."
    ),
    "metrics": Entry(
        "dashboard", "Observe", "Summarise requests, and the metrics of the dashboard."
    ),
    "dashboard": Entry("dashboard", "Observe", "Draw the deployed dashboard, with its alarms."),
    "open": Entry("addresses", "Observe", "Open the API, its docs or another page in the browser."),
    "logs": Entry("logs", "Observe", "Show the function's log."),
    "costs": Entry("costs", "Observe", "Show what the last 30 days consumed and cost."),
    "drill": Entry(
        "drill", "Drill", "Fire all alarms, and follow them until somebody was notified."
    ),
    "trigger-error": Entry("drill", "Drill", "Make the function fail, to test its alarm."),
    "trigger-slow": Entry("drill", "Drill", "Make the function slow, to test its alarm."),
}
