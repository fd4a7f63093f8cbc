// Every operation by the client that orval generates; it generates none for OPTIONS.
import { check } from "./base_url.js";
import * as api from "./generated/orval.js";

const created = await api.createTask({ title: "Renew the certificate" });
check(created.status === 201 && created.data.status === "pending", created);
const id = created.data.task_id;

const repeated = { headers: { "Idempotency-Key": "one" } };
const once = await api.createTask({ title: "once" }, repeated);
const again = await api.createTask({ title: "once" }, repeated);
check(once.status === 201 && again.status === 201, again);
check(once.data.task_id === again.data.task_id, again);

const refused = await api.createTask({ title: "" });
check(refused.status === 422 && refused.data.errors?.[0]?.pointer === "#/title", refused);

const listed = await api.listTasks({ limit: 1, status: "pending" });
check(listed.status === 200 && listed.data.length === 1, listed);
check(listed.headers.get("Link")?.startsWith("<tasks?") === true, listed);

const shown = await api.showTask(id);
check(shown.status === 200 && shown.data.version === 1, shown);
const unchanged = await api.showTask(id, { headers: { "If-None-Match": '"1"' } });
check(unchanged.status === 304, unchanged);

const updated = await api.updateTask(id, { status: "done" }, { headers: { "If-Match": '"1"' } });
check(updated.status === 200 && updated.data.status === "done", updated);
const stale = await api.updateTask(id, { status: "done" }, { headers: { "If-Match": '"1"' } });
check(stale.status === 412, stale);

const newId = "019a9f5e-7a3c-7d10-9c55-2f0c6f3c1b7e";
const absent = { headers: { "If-None-Match": "*" } };
const imported = await api.updateTask(newId, { title: "imported" }, absent);
check(imported.status === 201 && imported.data.task_id === newId, imported);

const patched = await api.patchTask(id, { description: null, title: "new" });
check(patched.status === 200 && patched.data.title === "new", patched);

for (const head of [
  await api.headTasks(),
  await api.headTask(id),
  await api.headHealth(),
  await api.headDescription(),
]) {
  check(head.status === 200, head);
}

const deleted = await api.deleteTask(id);
check(deleted.status === 204, deleted);
const missing = await api.showTask(id);
check(missing.status === 404 && missing.data.title === "The task does not exist", missing);

const health = await api.health();
check(health.status === 200 && health.data.status === "ok", health);
const description = await api.describe();
check(description.status === 200 && description.data.openapi.startsWith("3.1"), description);

const failed = await api.triggerError();
check(failed.status === 500 && failed.data.message === "Internal Server Error", failed);
const slow = await api.triggerSlow();
check(slow.status === 200 && slow.data.slept_seconds > 1, slow);
