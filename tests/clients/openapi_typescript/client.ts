// Every operation by openapi-fetch, with the types that openapi-typescript generates.
import createClient from "openapi-fetch";
import { baseUrl, check } from "./base_url.js";
import type { paths } from "./generated/schema.js";

const api = createClient<paths>({ baseUrl });

const created = await api.POST("/tasks", { body: { title: "Renew the certificate" } });
check(created.data?.status === "pending", created.error);
const path = { task_id: created.data.task_id };

const repeated = {
  params: { header: { "Idempotency-Key": "one" } },
  body: { title: "once" },
};
const once = await api.POST("/tasks", repeated);
const again = await api.POST("/tasks", repeated);
check(once.data !== undefined && once.data.task_id === again.data?.task_id, again.error);

const refused = await api.POST("/tasks", { body: { title: "" } });
check(refused.response.status === 422 && refused.error !== undefined, refused.error);
check("errors" in refused.error && refused.error.errors?.[0]?.pointer === "#/title", refused.error);

const listed = await api.GET("/tasks", { params: { query: { limit: 1, status: "pending" } } });
check(listed.data?.length === 1, listed.error);
check(listed.response.headers.get("Link")?.startsWith("<tasks?") === true, "Link");

const shown = await api.GET("/tasks/{task_id}", { params: { path } });
check(shown.data?.version === 1, shown.error);

const header = { "If-Match": '"1"' };
const change = { params: { path, header }, body: { status: "done" as const } };
const updated = await api.PUT("/tasks/{task_id}", change);
check(updated.data?.status === "done", updated.error);
const stale = await api.PUT("/tasks/{task_id}", change);
check(stale.response.status === 412, stale.response.status);

const newId = "019a9f5e-7a3c-7d10-9c55-2f0c6f3c1b7e";
const imported = await api.PUT("/tasks/{task_id}", {
  params: { path: { task_id: newId }, header: { "If-None-Match": "*" } },
  body: { title: "imported" },
});
check(imported.response.status === 201 && imported.data?.task_id === newId, imported.error);

const patched = await api.PATCH("/tasks/{task_id}", {
  params: { path },
  body: { description: null, title: "new" },
  headers: { "Content-Type": "application/merge-patch+json" },
});
check(patched.data?.title === "new", patched.error);

for (const { response } of [
  await api.HEAD("/tasks"),
  await api.HEAD("/tasks/{task_id}", { params: { path } }),
  await api.HEAD("/health"),
  await api.HEAD("/openapi.json"),
]) {
  check(response.status === 200 && Number(response.headers.get("Content-Length")) > 0, response.url);
}

for (const { response } of [
  await api.OPTIONS("/tasks"),
  await api.OPTIONS("/tasks/{task_id}", { params: { path } }),
  await api.OPTIONS("/health"),
  await api.OPTIONS("/openapi.json"),
]) {
  check(response.status === 204, response.url);
  check(response.headers.get("Allow")?.endsWith("OPTIONS") === true, response.url);
}

const deleted = await api.DELETE("/tasks/{task_id}", { params: { path } });
check(deleted.response.status === 204, deleted.error);
const missing = await api.GET("/tasks/{task_id}", { params: { path } });
check(missing.response.status === 404, missing.response.status);

const health = await api.GET("/health");
check(health.data?.status === "ok", health.error);
const description = await api.GET("/openapi.json");
check(description.data?.openapi.startsWith("3.1") === true, description.error);

const failed = await api.GET("/trigger-error");
check(failed.error?.message === "Internal Server Error", failed.error);
const slow = await api.GET("/trigger-slow");
check(slow.data !== undefined && slow.data.slept_seconds > 1, slow.error);
