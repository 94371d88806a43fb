// Follows a job by the listener's /api and shows it. Asks this listener alone, one request of a kind at a time, and goes on
// asking when the program has ended, so that its next run is followed.
"use strict";
(() => {
  const {put} = words;
  const kTimeout = 8000, kLost = 5000;  // ms
  const kToken = "sluice token";        // in sessionStorage
  const kRunning = ["running", "paused", "stopping", "running-elsewhere"];

  // --- asking ---
  if (location.hash.startsWith("#token=")) {
    sessionStorage.setItem(kToken, location.hash.slice(7));
    history.replaceState(null, "", location.pathname);
  }
  const token = () => sessionStorage.getItem(kToken) ?? "";

  // Rejects with what the server said (`told`) and its status; without both where there was no answer.
  const ask = async (path, signal, options = {}) => {
    const limit = AbortSignal.timeout(kTimeout);
    const headers = token() ? {Authorization: "Bearer " + token()} : {};
    const answer = await fetch(path, {cache: "no-store", credentials: "omit", redirect: "error", ...options,
      headers: {...headers, ...options.headers}, signal: signal ? AbortSignal.any([signal, limit]) : limit});
    const body = await answer.json().catch(() => null);
    if (answer.ok && body) return body;
    throw Object.assign(new Error("HTTP " + answer.status),
      {status: answer.status, told: body?.error ?? "The program answered with HTTP " + answer.status + "."});
  };

  // Calls `once` again and again, `pause()` ms after it has ended; kick() does so now.
  const repeat = (once, pause) => {
    let timer = 0, busy = false, soon = false;
    const go = async () => {
      clearTimeout(timer);
      soon = busy;
      if (busy) return;
      busy = true;
      try {
        await once();
      } finally {
        busy = false;
        timer = setTimeout(go, soon ? 0 : pause());
      }
    };
    return go;
  };

  // --- what is known ---
  let state = null, run = null, lost = null, locked = false;
  const running = () => state !== null && kRunning.includes(state.state);
  const announce = text => put(part("announce"), text);

  // --- the head ---
  const kTones = {running: "good", paused: "warn", stopping: "warn", finished: "good", stopped: "warn", failed: "bad", interrupted: "warn",
    "running-elsewhere": "good", "not-begun": "none"};
  const showHead = () => {
    const s = state, title = s.job || "sluice";
    put(part("job"), title);
    const word = lost && running() ? "connection lost" : s.state.replaceAll("-", " ");
    const pill = part("state");
    if (pill.shown !== word && pill.shown !== undefined) announce(title + ": " + word);
    put(pill, word);
    pill.dataset.tone = lost && running() ? "bad" : kTones[s.state] ?? "none";
    const level = s.title || (s.questions > 1 ? `question ${s.question} of ${s.questions}` : "");
    put(part("phase").firstChild, [level, s.phase === s.state ? "" : s.phase].filter(Boolean).join(" · ") || s.file);
  };
  const sentence = (text, why) => text + (why ? ": " + why.replace(/[.\s]*$/, ".") : ".");
  const notice = () => {
    if (locked) return "The program wants its token before it shows the job: enter it below.";
    if (lost && !state) return "The program does not answer. The page tries again every 5 s.";
    if (lost && running())
      return `The connection has been lost since ${words.clock(lost / 1e3, true)}. These are the last figures; the page tries again every 5 s.`;
    const after = lost ? " Its program has ended; these are the last figures, and a new run at this address is followed." : "";
    switch (state.state) {
      case "finished": return "The run has finished." + after;
      case "stopped": return sentence("The run has stopped", state.why) + after;
      case "failed": return sentence("The run has failed", state.why) + after;
      case "interrupted": return "The job is not finished and no run has it; `sluice run` continues it." + after;
      case "running-elsewhere": return "Another process runs this job; the figures come from its checkpoint.";
      case "not-begun": return "No run of this job has begun." + after;
      default: return "";
    }
  };
  const showNotice = () => {
    const text = state || lost || locked ? notice() : "", place = part("notice");
    place.hidden = text === "";
    put(place.firstChild, text);
    place.dataset.tone = !locked && state?.state === "failed" || lost && (!state || running()) ? "bad" : "none";
  };

  const showProgress = () => {
    const {answered, rejected, pending, total, total_is_estimate: estimate} = state.rows;
    const bar = part("progress"), of = total || (running() ? 0 : answered + rejected + pending);
    const share = n => of > 0 ? Math.min(100, 100 * n / of) : 0, done = share(answered + rejected);
    bar.children[0].style.width = share(answered) + "%";
    bar.children[1].style.width = share(rejected) + "%";
    bar.setAttribute("aria-valuenow", done.toFixed(0));
    bar.setAttribute("aria-valuetext", `${words.count(answered)} rows answered, ${words.count(rejected)} rejected` +
      (total ? `, of ${estimate ? "about " : ""}${words.count(total)}` : ""));
    put(part("answered"), words.count(answered));
    put(part("rejected"), words.count(rejected));
    put(part("pending"), words.count(pending));
    put(part("total"), total ? `${words.percent(done / 100)} of ${estimate ? "about " : ""}${words.count(total)} rows`
      : `${words.count(state.rows.read)} rows read`);
    for (const id of ["main", "progress", "counts"]) part(id).hidden = false;
    put(part("foot"), `sluice ${state.version} · ${state.file}` + (state.live ? ` · process ${state.pid}` : "") +
      " · times of day are those of this browser");
    document.title = `${total ? Math.floor(done) + " % · " : ""}${state.job || "sluice"}`;
  };

  // --- the figures that matter ---
  const facts = ["Speed", "Spent", "Cost at the end", "Ends", "Time", "Requests", "Tokens", "1,000 rows cost"].map(name => {
    const value = make("span", {textContent: words.nothing}), small = make("small", {}, make("bdi"));
    const row = make("div", {}, make("dt", {textContent: name}), make("dd", {}, value, small));
    part("facts").append(row);
    return (text, remark = "", tone = "none") => {
      put(value, text);
      put(small.firstChild, remark);
      row.dataset.tone = tone;
    };
  });
  const [speed, spent, atEnd, ends, time, requests, tokens, thousand] = facts;

  const showEnd = () => {
    const {left_s: left, until_deadline_s: until, time: now} = state;
    if (!running()) return ends(state.live ? "ended" : words.nothing, state.live ? "at " + words.clock(state.started + state.elapsed_s) : "");
    const deadline = until === null ? "" : "deadline " + words.clock(now + until);
    if (until !== null && until <= 0) return ends(words.roughly(left), "the deadline has passed", "warn");
    if (left === null) return ends(words.nothing, deadline);
    const late = until !== null && left > until;
    ends("in " + words.roughly(left), `about ${words.clock(now + left)}` +
      (late ? `, ${words.roughly(left - until)} after the deadline` : deadline && ", " + deadline), late ? "warn" : "none");
  };
  const showFacts = () => {
    const s = state, m = s.money, budget = m.budget_usd, rows = s.rows.answered + s.rows.rejected;
    const rate = running() ? s.rows_per_second ?? null : course.rate();
    speed(rate === null ? words.nothing : words.number(rate) + " rows/s",
      !running() ? rate === null ? "" : "over the whole job" : s.limit ? "limited by " + s.limit : "");
    const maybe = m.maybe_billed_usd > 0 ? ` · up to ${words.money(m.maybe_billed_usd)} more may have been billed` : "";
    spent(words.money(m.spent_usd), (budget === null ? "no budget" : "of " + words.money(budget)) + maybe,
      budget !== null && m.spent_usd >= 0.95 * budget && running() ? "warn" : "none");
    const over = budget !== null && m.projected_usd !== null && m.projected_usd > budget;
    atEnd(running() && m.projected_usd !== null ? "about " + words.money(m.projected_usd) : words.nothing,
      m.projected_usd === null || !running() ? "" : over ? `over the budget by ${words.money(m.projected_usd - budget)}`
        : budget === null ? "" : "within the budget", over && running() ? "warn" : "none");
    showEnd();
    time(words.roughly(s.elapsed_s), s.started ? "since " + words.clock(s.started) : "");
    const r = s.requests;
    const live = s.live && running();
    requests(live ? `${words.count(r.in_flight)} in flight` : `${words.number(r.answered)} answered`,
      (live ? `${words.count(r.waiting)} waiting · ${words.number(r.answered)} answered, ` : "") + `${words.count(r.failed)} failed`);
    const perSecond = s.tokens_per_second ?? null;
    tokens(words.number(s.tokens.input + s.tokens.output), `${words.number(s.tokens.input)} in, ${words.number(s.tokens.output)} out` +
      (perSecond && running() ? ` · ${words.number(perSecond)}/s` : ""));
    thousand(rows > 0 ? words.money(1000 * m.spent_usd / rows) : words.nothing, "so far, on average");
  };

  // --- tables ---
  const text = of => ({className: "text", show: (cell, item) => put(cell.firstChild ?? cell.appendChild(make("bdi")), of(item))});
  const figure = of => ({number: true, show: (cell, item) => put(cell, of(item))});
  // A figure with a small bar of a share below it, and a remark.
  const gauge = (of, share, remark = () => "") => ({number: true, show: (cell, item) => {
    if (!cell.firstChild) cell.append(make("span"), make("i", {className: "gauge"}, make("i")), make("small"));
    const [figure, bar, small] = cell.children, used = share(item);
    put(figure, of(item));
    put(small, remark(item));
    bar.hidden = used === null;
    bar.firstChild.style.width = 100 * Math.min(1, used ?? 0) + "%";
  }});
  const kHealth = {fine: "good", cooling: "warn", probing: "warn", broken: "bad", stopped: "bad"};
  const kHealthWords = {fine: "fine", cooling: "cooling down", probing: "probing", broken: "breaker open", stopped: "stopped"};
  const showEndpoints = rowsOf(part("endpoints"), item => item.name, [
    {head: true, show: (cell, item) => {
      if (!cell.firstChild) cell.append(make("bdi"), make("small", {}, make("bdi")));
      put(cell.firstChild, item.name);
      const model = item.name.includes(item.model) ? "" : item.model;
      put(cell.lastChild.firstChild, [model, item.tier === "standard" ? "" : item.tier].filter(Boolean).join(", "));
    }},
    {show: (cell, item) => {
      const pill = cell.firstChild ?? cell.appendChild(make("span", {className: "state"}));
      put(pill, kHealthWords[item.health] ?? item.health ?? words.nothing);
      pill.dataset.tone = kHealth[item.health] ?? "none";
    }},
    gauge(e => e.in_flight == null ? words.nothing : `${words.count(e.in_flight)} of ${words.count(e.cap)}`,
      e => e.in_flight == null || !e.cap ? null : e.in_flight / e.cap),
    gauge(e => words.percent(e.quota_used), e => e.quota_used ?? null, e => e.quota_used == null ? "" : e.quota),
    figure(e => words.count(e.answered)), figure(e => words.count(e.failed)),
    figure(e => words.latency(e.median_s)), figure(e => words.latency(e.tail_s)),
    figure(e => words.number(e.input_tokens)), figure(e => words.number(e.output_tokens)), figure(e => words.money(e.cost_usd)),
    {className: "remarks", show: (cell, item) => {
      if (!cell.firstChild) cell.append(make("bdi"), make("small", {}, make("bdi")));
      put(cell.firstChild, (item.errors ?? []).map(e => `${words.count(e.count)} ${e.cause.replaceAll("_", " ")}`).join(", "));
      put(cell.lastChild.firstChild, words.line(item.problem ?? ""));
    }},
  ]);
  const showBatches = rowsOf(part("batches"), item => item.endpoint + "/" + item.name, [
    {head: true, show: (cell, item) => put(cell.firstChild ?? cell.appendChild(make("bdi")), item.name)},
    text(b => b.endpoint), text(b => [b.phase, b.word && b.word !== b.phase ? b.word.replaceAll("_", " ") : ""].filter(Boolean).join(": ")),
    gauge(b => `${words.count(b.done)} of ${words.count(b.requests)}`, b => b.requests ? b.done / b.requests : null),
    figure(b => words.count(b.failed)), figure(b => words.count(b.rows)), figure(b => words.roughly(b.age_s)), text(b => b.note),
  ]);
  const example = e => typeof e === "string" ? e : e ? `${words.line(e.row)}: ${e.detail}` : "";
  const showRejects = rowsOf(part("rejects"), item => item.stage + "/" + item.reason, [
    {head: true, show: (cell, item) => {
      const button = cell.firstChild ?? cell.appendChild(make("button", {type: "button", className: "link"}, make("bdi")));
      put(button.firstChild, item.reason);
    }},
    text(r => r.stage), figure(r => words.count(r.rows)), text(r => words.line(example(r.example))),
  ]);
  part("rejects").addEventListener("click", event => {
    const row = event.target.closest("tr");
    if (row) rows.openReason(row.item, row.querySelector("button"));
  });
  const showTables = () => {
    showEndpoints(state.endpoints);
    part("batches-part").hidden = state.batches.length === 0;
    showBatches(state.batches);
    const some = state.rejects.length > 0;
    part("no-rejects").hidden = some;
    part("rejects-table").hidden = !some;
    showRejects(state.rejects);
  };

  // --- following ---
  const showAll = () => {
    if (state) showHead();
    showNotice();
    control.show(state, running() && !lost, locked);
  };
  const take = next => {
    const restarted = state && (next.run !== run || next.question !== state.question), was = state?.state;
    state = next;
    run = next.run;
    lost = null;
    locked = false;
    if (restarted) course.begin();
    showProgress();
    showFacts();
    showTables();
    course.sample(next);
    showAll();
    if (!restarted && was === next.state) return;
    lookAtCourse();
    lookAtAnswers(restarted || !was || !running());
  };
  const follow = repeat(async () => {
    const next = await ask("/api/state").catch(error => {
      locked = error.status === 401;
      if (!locked) lost ??= Date.now();
      showAll();
    });
    if (next) take(next);
  }, () => lost || locked ? kLost : document.hidden ? 2000 : running() ? 1000 : 2000);
  // A job that stands still is looked at once.
  let courseOf = "", answersOf = "";
  const condition = () => [state.run, state.question, state.state].join(" ");
  const due = last => state && !lost && !locked && !document.hidden && (running() || condition() !== last);
  const lookAtCourse = repeat(async () => {
    if (!due(courseOf)) return;
    const now = condition();
    const timeline = await ask("/api/timeline").catch(() => null);  // that it is away is said by the state
    if (!timeline) return;
    courseOf = now;
    course.take(timeline);
    showFacts();
  }, () => 5000);
  const lookAtAnswers = async forced => {
    if (!due(answersOf)) return;
    const now = condition();
    if (await rows.refresh(forced)) answersOf = now;
  };
  setInterval(() => lookAtAnswers(false), 3000);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    follow();
    lookAtCourse();
  });

  const control = makeControl({
    ask: (path, body) => ask(path, null, {method: "POST", body: body && JSON.stringify(body),
      headers: body ? {"Content-Type": "application/json"} : {}}),
    token,
    keep: value => value ? sessionStorage.setItem(kToken, value) : sessionStorage.removeItem(kToken),
    look: follow,
  });
  rows.start(ask, () => lookAtAnswers(false));
  follow();
})();
