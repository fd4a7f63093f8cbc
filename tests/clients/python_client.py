"""Do every operation by the client that openapi-python-client generates."""

import sys

from task_tracker import AuthenticatedClient
from task_tracker.api.drills import trigger_error, trigger_slow
from task_tracker.api.service import (
    describe,
    description_options,
    head_description,
    head_health,
    health,
    health_options,
)
from task_tracker.api.tasks import (
    create_task,
    delete_task,
    head_task,
    head_tasks,
    list_tasks,
    patch_task,
    show_task,
    task_options,
    tasks_options,
    update_task,
)
from task_tracker.models import (
    DescribeResponse200,
    GatewayMessage,
    HealthResponse200,
    NewTask,
    Problem,
    ProblemError,
    Status,
    Task,
    TaskChanges,
    TaskPatch,
    TriggerSlowResponse200,
)

NEW_ID = "019a9f5e-7a3c-7d10-9c55-2f0c6f3c1b7e"

# The generator takes the security that the description offers for required.
client = AuthenticatedClient(base_url=sys.argv[1], token="not-checked")

task = create_task.sync(client=client, body=NewTask(title="Renew the certificate"))
assert isinstance(task, Task)
assert task.status is Status.PENDING

once = create_task.sync(client=client, body=NewTask(title="once"), idempotency_key="one")
again = create_task.sync(client=client, body=NewTask(title="once"), idempotency_key="one")
assert isinstance(once, Task)
assert once == again

refused = create_task.sync(client=client, body=NewTask(title=""))
assert isinstance(refused, Problem)
assert isinstance(refused.errors, list)
assert isinstance(refused.errors[0], ProblemError)
assert refused.errors[0].pointer == "#/title"

page = list_tasks.sync_detailed(client=client, limit=1, status=Status.PENDING)
assert isinstance(page.parsed, list)
assert len(page.parsed) == 1
assert page.headers["Link"].startswith("<tasks?")

assert show_task.sync(task.task_id, client=client) == task
known = show_task.sync_detailed(task.task_id, client=client, if_none_match='"1"')
assert known.status_code == 304

done = TaskChanges(status=Status.DONE)
updated = update_task.sync(task.task_id, client=client, body=done, if_match='"1"')
assert isinstance(updated, Task)
assert (updated.status, updated.version) == (Status.DONE, 2)
stale = update_task.sync(task.task_id, client=client, body=done, if_match='"1"')
assert isinstance(stale, Problem)
assert stale.status == 412

body = TaskChanges(title="imported")
imported = update_task.sync_detailed(NEW_ID, client=client, body=body, if_none_match="*")
assert imported.status_code == 201
assert isinstance(imported.parsed, Task)
assert imported.parsed.task_id == NEW_ID

patched = patch_task.sync(task.task_id, client=client, body=TaskPatch(description=None))
assert isinstance(patched, Task)
assert patched.description == ""

for head in (
    head_tasks.sync_detailed(client=client),
    head_task.sync_detailed(task.task_id, client=client),
    head_health.sync_detailed(client=client),
    head_description.sync_detailed(client=client),
):
    assert head.status_code == 200
    assert int(head.headers["Content-Length"]) > 0

for options in (
    tasks_options.sync_detailed(client=client),
    task_options.sync_detailed(task.task_id, client=client),
    health_options.sync_detailed(client=client),
    description_options.sync_detailed(client=client),
):
    assert options.status_code == 204
    assert options.headers["Allow"].endswith("OPTIONS")

assert delete_task.sync_detailed(task.task_id, client=client).status_code == 204
missing = show_task.sync(task.task_id, client=client)
assert isinstance(missing, Problem)
assert missing.status == 404

assert isinstance(health.sync(client=client), HealthResponse200)
description = describe.sync(client=client)
assert isinstance(description, DescribeResponse200)
assert description.openapi.startswith("3.1")

failed = trigger_error.sync(client=client)
assert isinstance(failed, GatewayMessage)
slow = trigger_slow.sync(client=client)
assert isinstance(slow, TriggerSlowResponse200)
assert slow.slept_seconds > 1
