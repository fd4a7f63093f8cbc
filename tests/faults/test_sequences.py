"""Random sequences of deploys, changes and faults, against what has to hold after each step.

A sequence that fails is printed as calls of the rules: keep it as a test in this file.
"""

from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from .account import Account
from .deployed.test_state import LOSSES, named_command
from .machine import Victim
from .proxy import CUT, Fault
from .test_answers import OPERATIONS

VICTIMS: list[Victim] = ["all", "tt-ops", "terraform"]
KILLED_AFTER = ["PutObject *.tflock", "CreateApi", "CreateFunction", "UpdateFunctionCode*"]
EDITS = {
    "api": ("apigatewayv2", "update_api", {"Description": "edited"}),
    "function": ("lambda", "update_function_configuration", {"MemorySize": 128}),
    "alarm": ("cloudwatch", "delete_alarms", {"AlarmNames": ["LambdaErrorAlarm"]}),
}


class Deployments(RuleBasedStateMachine):
    """A project that is deployed, changed, damaged and removed in any order.

    `is_deployed` after a deploy that said so; `pending` are the accidents since then.
    """

    account: ClassVar[Account]

    def __init__(self) -> None:
        super().__init__()
        self.account.open()
        self.tasks: set[str] = set()
        self.is_deployed = False
        self.pending: set[str] = set()

    @property
    def is_damaged(self) -> bool:
        """Return whether a deploy has more to do than to deploy."""
        return bool(self.pending - {"code", "variable"})

    @precondition(lambda self: not self.is_deployed or self.is_damaged)
    @rule()
    def deploy(self) -> None:
        """Deploy: at most two tries, with the command between them that the first one names."""
        self._succeed("deploy", "--yes")
        self.account.require_deployed(self.tasks)
        if not self.tasks:
            self.tasks = {self.account.add_task("keep me")}
        self.is_deployed = True
        self.pending.clear()

    @precondition(lambda self: self.is_deployed and "code" not in self.pending)
    @rule()
    def change_code(self) -> None:
        """Change the function's source."""
        self.pending.add("code")
        self.account.change_code()

    @precondition(lambda self: self.is_deployed and "variable" not in self.pending)
    @rule(memory=st.sampled_from([192, 320, 512]))
    def change_variable(self, memory: int) -> None:
        """Change a variable of Terraform."""
        self.pending.add("variable")
        self.account.configure(lambda_memory_size=memory)

    @precondition(lambda self: self.is_deployed and "edit" not in self.pending)
    @rule(what=st.sampled_from(sorted(EDITS)))
    def edit_by_hand(self, what: str) -> None:
        """Change something past Terraform."""
        self.pending.add("edit")
        service, operation, arguments = EDITS[what]
        existing = self.account.existing()
        if what == "api":
            arguments = {**arguments, "ApiId": existing["aws_apigatewayv2_api"][0]}
        elif what == "function":
            arguments = {**arguments, "FunctionName": existing["aws_lambda_function"][0]}
        getattr(self.account.client(service), operation)(**arguments)

    @precondition(lambda self: self.is_deployed and "loss" not in self.pending)
    @rule(lost=st.sampled_from(sorted(set(LOSSES) - {"digest write", "foreign state"})))
    def lose_state(self, lost: str) -> None:
        """Lose the state, or a part of it."""
        self.pending.add("loss")
        LOSSES[lost](self.account)

    @precondition(lambda self: "cut" not in self.pending)
    @rule(operation=st.sampled_from(OPERATIONS))
    def cut_answer(self, operation: str) -> None:
        """Cut an answer off in one of the next runs, if they make that call."""
        self.pending.add("cut")
        self.account.proxy.inject(operation, CUT)

    @precondition(lambda self: "kill" not in self.pending)
    @rule(victim=st.sampled_from(VICTIMS), call=st.sampled_from(KILLED_AFTER))
    def kill(self, victim: Victim, call: str) -> None:
        """Deploy, and kill it after a call, if it makes that call."""
        self.pending.add("kill")
        self.account.proxy.inject(call, Fault(then=lambda: self.account.kill(victim)))
        self.account.run("deploy", "--yes")
        self.account.proxy.clear()
        assert self.account.orphans() == []

    @precondition(lambda self: "kill" in self.pending and "unlock" not in self.pending)
    @rule()
    def unlock(self) -> None:
        """Release the lock of a dead run, if it left one."""
        self.pending.add("unlock")
        self.account.run("unlock", "--yes")

    @precondition(lambda self: self.is_deployed and self.is_damaged)
    @rule()
    def destroy(self) -> None:
        """Remove everything."""
        self._succeed("destroy", "--confirm", "default")
        self.account.require_nothing()
        assert self.account.locks() == []
        self.tasks.clear()
        self.is_deployed = False
        self.pending.clear()

    @invariant()
    def nothing_is_there_twice(self) -> None:
        """There is at most one of each thing."""
        self.account.require_nothing_twice()

    @invariant()
    def no_task_is_lost(self) -> None:
        """The table holds every task that was created."""
        if self.tasks:
            items = self.account.client("dynamodb").scan(TableName="TaskTable")["Items"]
            assert self.tasks <= {item["task_id"]["S"] for item in items}

    def _succeed(self, *command: str) -> None:
        had_fault = "cut" in self.pending
        first = self.account.run(*command)
        if first.returncode != 0:
            if "loss" in self.pending:
                self.account.succeed(*named_command(first.stderr))
            else:
                assert had_fault, first.stderr
            self.account.succeed(*command)
        self.account.proxy.clear()


def _run(account: Account, *, sequences: int, steps: int, repeatable: bool) -> None:
    Deployments.account = account
    run_state_machine_as_test(
        Deployments,
        settings=settings(
            max_examples=sequences,
            stateful_step_count=steps,
            derandomize=repeatable,
            database=None,
            deadline=None,
            phases=[Phase.generate],  # a shorter failing sequence would take hours to find
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.row("A random sequence of 6 steps, the same each time")
def test_short_sequence(first: Account) -> None:
    """What has to hold holds after each step."""
    _run(first, sequences=1, steps=6, repeatable=True)


@pytest.mark.row("4 random sequences of 12 steps")
@pytest.mark.timeout(1800)
def test_random_sequences(first: Account) -> None:
    """What has to hold holds after each step."""
    _run(first, sequences=4, steps=12, repeatable=False)
