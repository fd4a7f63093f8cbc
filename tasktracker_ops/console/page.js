// The console: shows the parts as they come by server-sent events, and sends the actions.
"use strict";
(() => {
  const { breakable, clock, element, number } = elements;
  const find = (selector) => document.querySelector(selector);
  const parts = new Map();
  const RETRY_MS = 2000;
  const OLD_SECONDS = 90;

  // The token leaves the address at once, and is sent in a header; a reload finds it here.
  if (location.hash.length > 20) {
    sessionStorage.setItem("token", location.hash.slice(1));
    history.replaceState(null, "", location.pathname);
  }
  const headers = { Authorization: `Bearer ${sessionStorage.getItem("token") ?? ""}` };

  // Times

  function ago(at) {
    const passed = Math.max(0, (Date.now() - Date.parse(at)) / 1000);
    for (const [name, length] of [["d", 86400], ["h", 3600], ["min", 60]]) {
      if (passed >= 2 * length || (passed >= length && name === "min")) return `${Math.floor(passed / length)} ${name} ago`;
    }
    return `${Math.floor(passed)} s ago`;
  }

  const time = (at) => element("time", { dateTime: at, title: `${clock(at)} UTC`, "data-ago": "" }, ago(at));

  function showAges() {
    document.querySelectorAll("time[data-ago]").forEach((each) => { each.textContent = ago(each.dateTime); });
    document.querySelectorAll(".age").forEach((age) => {
      const part = parts.get(age.dataset.part);
      if (!part) return;
      age.textContent = age.dataset.part === "drill" ? "" : `read ${ago(part.at)}`;
      age.classList.toggle("old", Date.now() - Date.parse(part.at) > OLD_SECONDS * 1000);
    });
  }

  // What the server says

  const hint = (problem) => [element("code", {}, problem.hint)];

  function showProblem(name, problem) {
    document.querySelectorAll(`.problem[data-part="${name}"]`).forEach((place) => place.replaceChildren(
      ...(problem ? [element("p", { className: "bad", role: "alert" }, problem.message, hint(problem))] : [])));
  }

  function message(kind, ...content) {
    const made = element("p", { className: `message ${kind}` }, ...content);
    find("#messages").append(made);
    setTimeout(() => made.remove(), kind === "failed" ? 20000 : 8000);
    return made;
  }

  async function perform(action, argumentsOf = {}, button = null) {
    if (button) button.disabled = true;
    try {
      const response = await fetch(`/actions/${action}`, {
        method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(argumentsOf),
      });
      const answer = await response.json();
      if (response.ok) return answer;
      message("failed", answer.error.message, hint(answer.error));
    } catch (error) {
      message("failed", `The console did not answer: ${error.message}`);
    } finally {
      if (button) button.disabled = false;
    }
    return null;
  }

  function ask(question, ...more) {
    const dialog = find("#question");
    find("#question-text").textContent = question;
    find("#question-more").replaceChildren(...more);
    dialog.returnValue = "no";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    });
  }

  // Parts

  const content = (id) => find(`#${id} .content`);
  const pill = (state, text) => element("span", { className: `pill ${state}` }, text);
  const none = (text) => element("p", { className: "none" }, text);
  const STATES = { ...charts.STATES, proven: "ok", failed: "alarm" };
  const commit = (each) => (each.commit ? `${each.commit.slice(0, 7)}${each.dirty ? " + changes" : ""}` : "no commit");

  function facts(rows) {
    return element("dl", { className: "facts" }, rows.filter(Boolean).map(([name, ...values]) => [
      element("dt", {}, name), element("dd", {}, ...values)]));
  }

  function table(names, rows) {
    return element("div", { className: "scroll" }, element("table", {},
      element("thead", {}, element("tr", {}, names.map((name) => element("th", { scope: "col" }, name)))),
      element("tbody", {}, rows)));
  }

  const cell = (...values) => element("td", {}, ...values);

  const show = {
    status(status) {
      const { api, function: lambda, deploy_lock: lock } = status;
      const problems = status.problems.map((each) => element("p", {}, breakable(each.message), hint(each)));
      content("status").replaceChildren(
        pill(status.healthy ? "ok" : "alarm", status.healthy ? "healthy" : "unhealthy"),
        facts([
          ["API", breakable(api.url), api.status === null ? " does not answer" : ` answered ${api.status} in ${number(api.latency_ms)} ms`],
          ["Access", api.public ? "public: anyone with the URL can call it" : api.auth],
          lambda && ["Function", `${lambda.state}, version ${lambda.version}, ${lambda.runtime}`],
          ...status.releases.map((each) => [
            "Release", `${each.release}, ${each.weight < 1 ? `${Math.round(100 * each.weight)} % of the requests, ` : ""}${each.outcome ?? "unknown"}, ${commit(each)}, by `,
            breakable(each.by ?? "unknown"), ", ", time(each.at)]),
          status.subscriptions && ["Alarms reach", status.subscriptions.length ? status.subscriptions.map((each, i) => [
            i ? ", " : "", breakable(each.endpoint), each.confirmed ? "" : " (pending confirmation)"]) : "nobody"],
          ["Alarms proven", status.alarms_proven_at ? time(status.alarms_proven_at) : "not by tt-ops drill --all"],
          lock.held && ["Deploy lock", `held by ${lock.who ?? "somebody"}: ${lock.reason ?? lock.command ?? ""}`],
        ]),
        element("div", { className: "problem" }, problems));
      document.title = `${status.healthy ? "" : "✗ "}tt-ops console`;
    },
    metrics(report) {
      const { headline } = report;
      if (!headline) return;
      const percent = headline.error_rate === null ? "–" : `${number(100 * headline.error_rate)} %`;
      const rows = [
        ["requests", number(headline.requests)], ["error rate", percent], ["p50", `${number(headline.p50)} ms`],
        ["p95", `${number(headline.p95)} ms`], ["p99", `${number(headline.p99)} ms`], ["throttles", number(headline.throttles)],
      ];
      find("#headline").replaceChildren(...rows.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
      find("#headline").title = `From ${clock(report.since)} to ${clock(report.until)} UTC`;
    },
    dashboard(page) {
      find("#where").textContent = `${page.title} on ${page.target}`;
      charts.draw(content("charts"), page, { shrink: !find("#whole").checked });
    },
    alarms(report) {
      const rows = report.alarms.map((each) => element("tr", {},
        cell(pill(STATES[each.state] ?? "unknown", each.state.replaceAll("_", " "))), cell(breakable(each.name)),
        cell(each.metric, each.threshold === null ? "" : ` ${charts.SIGNS[each.comparison] ?? ""} ${number(each.threshold)}`,
          each.muted_by?.length ? `, muted by ${each.muted_by.map((mute) => mute.who ?? mute.rule).join(", ")}` : "",
          each.actions_enabled ? "" : ", actions disabled"),
        cell(time(each.since))));
      const events = (report.history ?? []).map((each) => element("tr", {},
        cell(time(each.at)), cell(breakable(each.alarm)),
        cell(each.kind === "StateUpdate" ? `${each.old_state} → ${each.new_state}`.replaceAll("_", " ")
          : each.kind === "Action" ? [each.succeeded ? "notified " : "failed to notify ", breakable(each.action.split(":").at(-1))]
            : breakable(each.summary))));
      content("alarms").replaceChildren(
        report.alarms.length ? table(["State", "Alarm", "Watches", "Since"], rows) : none("There is no alarm."),
        element("h3", {}, "History"),
        events.length ? element("div", { className: "history", tabIndex: 0, role: "group", "aria-label": "History of the alarms" },
          table(["When", "Alarm", "What"], events)) : none("Nothing has happened yet."),
        ...report.problems.map((each) => element("p", { className: "message" }, each.message, hint(each))));
    },
    logs(events) {
      const place = content("log");
      const wanted = find("#filter").value.toLowerCase();
      const follows = place.scrollTop + place.clientHeight >= place.scrollHeight - 8;
      const lines = events.filter((each) => each.message.toLowerCase().includes(wanted)).map(line);
      place.replaceChildren(...(lines.length ? lines : [none(wanted ? "No line has this text." : "Nothing was logged.")]));
      if (follows) place.scrollTop = place.scrollHeight;
    },
    tasks(tasks) {
      const rows = tasks.map((task) => element("tr", {},
        element("td", { className: task.status === "done" ? "finished" : "" }, task.title ?? ""),
        cell((task.status ?? "").replaceAll("_", " ")), cell(task.created_at ? time(task.created_at) : ""),
        element("td", { className: "actions" },
          task.status === "done" ? null : action("Done", `Finish ${task.title}`, (button) => finish(task, button)), " ",
          action("Remove", `Remove ${task.title}`, (button) => remove(task, button)))));
      keepFocus("tasks", rows.length ? table(["Title", "Status", "Added", ""], rows) : none("There is no task."));
    },
    releases({ releases }) {
      const live = releases.find((each) => each.live);
      const rows = releases.map((each) => element("tr", {},
        cell(String(each.release)), cell(pill(STATES[each.outcome] ?? "unknown", each.outcome), each.live ? " live" : ""),
        cell(commit(each)), cell(breakable(each.by ?? "unknown")), cell(time(each.at)),
        element("td", { className: "actions" }, each.live ? null
          : action("Roll back", `Let release ${each.release} serve`, (button) => rollBack(each.release, live, button)))));
      keepFocus("releases", rows.length ? table(["Release", "Outcome", "Commit", "By", "Age", ""], rows) : none("Nothing was released yet."));
    },
    drill(drill) {
      const running = drill.result === null && drill.problem === null;
      document.querySelectorAll("[data-drill]").forEach((button) => { button.disabled = running; });
      const lines = drill.lines.map((each) => element("li", {}, each));
      const problem = drill.problem ?? drill.result?.problem;
      content("drill").replaceChildren(
        element("p", {}, running ? pill("unknown", "running") : pill(problem ? "alarm" : "ok", problem ? "not complete" : "complete"),
          ` ${drill.route}, `, time(drill.started_at)),
        element("ol", { className: "steps" }, lines),
        ...(running && drill.step ? [none(drill.step)] : []),
        ...(problem ? [element("p", { className: "message failed" }, problem.message, hint(problem))] : []));
    },
    inbox(inbox) {
      [find("#inbox"), find('nav a[href="#inbox"]')].forEach((each) => { each.hidden = inbox === null; });
      if (inbox === null) return;
      const open = new Set([...document.querySelectorAll("#inbox details[open]")].map((each) => each.dataset.id));
      const mails = inbox.mails.map((mail) => element("details", { className: "mail", open: open.has(String(mail.id)), "data-id": String(mail.id) },
        element("summary", {}, time(mail.sent_at), " to ", breakable(mail.to), ": ", breakable(mail.subject), " ",
          mail.confirm_url ? action("Confirm", `Confirm the subscription of ${mail.to}`, (button) => confirm(mail, button)) : null),
        element("pre", {}, breakable(mail.text))));
      keepFocus("inbox", ...(mails.length ? mails : [none("There is no mail.")]));
    },
  };

  // A request's line as its facts, any other as it was written.
  function line(event) {
    const { level = "", method, route, status, duration_ms: duration, request_id: id } = event.fields ?? {};
    const text = method ? `${method} ${route} ${status} ${number(duration)} ms ${String(id).slice(0, 8)}` : event.message.trimEnd();
    const failed = /^(ERROR|CRITICAL|FATAL)$/.test(level) || /\[ERROR\]|Traceback|Task timed out/.test(event.message);
    return element("p", { className: failed ? "error" : level === "WARNING" ? "warning" : "", title: event.at },
      element("time", { dateTime: event.at }, event.at.slice(11, 23)), " ", breakable(text));
  }

  function action(text, label, run) {
    return element("button", {
      type: "button", "aria-label": label,
      onclick: (event) => { event.preventDefault(); run(event.currentTarget); },
    }, text);
  }

  // What has the focus keeps it when the part is drawn again.
  function keepFocus(id, ...children) {
    const label = document.activeElement?.closest(`#${id}`) ? document.activeElement.getAttribute("aria-label") : null;
    content(id).replaceChildren(...children);
    if (label) [...document.querySelectorAll(`#${id} [aria-label]`)].find((each) => each.getAttribute("aria-label") === label)?.focus();
  }

  // Actions

  async function finish(task, button) {
    if (await perform("finish-task", { task_id: task.task_id }, button)) message("done", `Finished “${task.title}”.`);
  }

  async function remove(task, button) {
    if (!(await perform("remove-task", { task_id: task.task_id }, button))) return;
    const made = message("done", `Removed “${task.title}”.`);
    made.append(action("Undo", `Restore ${task.title}`, async () => {
      if (await perform("restore-task", { task_id: task.task_id })) made.remove();
    }));
  }

  async function rollBack(release, live, button) {
    const plan = await perform("plan-rollback", { release: String(release) }, button);
    if (!plan) return;
    const { before, after, changes } = plan;
    const files = (changes ?? []).map((each) => element("li", {}, `${each.change}: `, breakable(each.path)));
    const question = `${before ? `Release ${before.release} (${commit(before)})` : "No release"} is live. `
      + `Let release ${after.release} (${commit(after)}, ${after.outcome}, ${ago(after.at)}) serve instead?`;
    const more = changes === null ? [] : files.length ? [element("ul", {}, files)] : [none("No file differs.")];
    if (!(await ask(question, ...more))) return;
    message("", `Release ${after.release} is being checked …`);
    const done = await perform("rollback", { release: String(release), live: before ? String(before.release) : "" }, button);
    if (done) message("done", `Release ${done.release.release} is live; its checks ${done.release.checks}.`);
  }

  async function startDrill(button) {
    const what = button.dataset.drill === "trigger-error" ? "fail" : "slow";
    if (await ask(`Make the function ${what} on purpose? The alarm will fire and notify its subscribers.`)) {
      await perform(button.dataset.drill);
    }
  }

  async function confirm(mail, button) {
    if (await perform("confirm", { address: mail.to }, button)) message("done", `Confirmed ${mail.to}.`);
  }

  // Events

  function receive(event) {
    const before = parts.get(event.name);
    const part = "content" in event ? event : { ...before, ...event };
    parts.set(event.name, part);
    showProblem(event.name, part.problem);
    if ("content" in event && (event.content !== null || event.name === "inbox")) show[event.name]?.(event.content);
    showAges();
  }

  function connection(text, lost = false) {
    const place = find("#connection");
    if (place.textContent !== text) place.textContent = text;
    place.classList.toggle("lost", lost);
  }

  // By fetch and not by EventSource, which sends no headers.
  async function listen(stop) {
    const response = await fetch("/events", { headers, signal: stop });
    if (!response.ok) {
      const { error } = await response.json();
      throw Object.assign(new Error(error.message), { refused: true, hint: error.hint });
    }
    connection("live");
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let buffer = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) throw new Error("the console has ended");
      buffer += value;
      const events = buffer.split("\n\n");
      buffer = events.pop();
      events.filter((each) => each.startsWith("data: ")).forEach((each) => receive(JSON.parse(each.slice(6))));
    }
  }

  let stop = null;

  // A page that nobody sees lets nothing be read.
  async function follow() {
    while (!document.hidden) {
      stop = new AbortController();
      try {
        await listen(stop.signal);
      } catch (error) {
        if (document.hidden) break;
        if (error.refused) return connection(`${error.message}; ${error.hint}`, true);
        connection("not connected; is tt-ops console still running?", true);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    connection("paused");
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) stop?.abort();
    else follow();
  });

  // Keys and looks

  const again = (name) => { const part = parts.get(name); if (part?.content) show[name](part.content); };

  function go(id) {
    const section = document.getElementById(id);
    section.scrollIntoView();
    section.focus({ preventScroll: true });
  }

  const links = [...document.querySelectorAll("nav a")];
  const KEYS = {
    "?": ["these shortcuts", () => find("#help").showModal()],
    d: ["light or dark", () => find("#look").click()],
    n: ["a new task", () => find("#title").focus()],
    "/": ["filter the log", () => find("#filter").focus()],
    ...Object.fromEntries(links.map((link) => [link.dataset.key, [link.textContent, () => go(link.hash.slice(1))]])),
  };

  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, textarea, select");
    if (event.key === "Escape" && typing) event.target.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const [, run] = KEYS[event.key] ?? [];
    if (!run) return;
    event.preventDefault();
    run();
  });

  find("#help dl").replaceChildren(...Object.entries(KEYS).flatMap(([key, [name]]) => [
    element("dt", {}, element("kbd", {}, key)), element("dd", {}, name)]));
  links.forEach((link) => {
    link.title = `${link.textContent} (${link.dataset.key})`;
    link.addEventListener("click", (event) => { event.preventDefault(); go(link.hash.slice(1)); });
  });
  find(".skip").addEventListener("click", (event) => { event.preventDefault(); go("status"); });
  find("#keys").addEventListener("click", KEYS["?"][1]);
  find("#whole").addEventListener("change", () => again("dashboard"));
  find("#filter").addEventListener("input", () => again("logs"));
  document.querySelectorAll("[data-drill]").forEach((button) => button.addEventListener("click", () => startDrill(button)));
  find("#add").addEventListener("submit", async (event) => {
    event.preventDefault();
    const title = find("#title").value.trim();
    const button = find("#add button");
    if (title && (await perform("add-task", { title }, button))) find("#title").value = "";
  });

  setInterval(showAges, 1000);
  elements.lookButton(find("#look"), () => again("dashboard"));
  follow();
})();
