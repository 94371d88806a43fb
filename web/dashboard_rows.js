// Rows of the job, which may be anybody's text: the newest answers with a search, the newest rejects of a reason, one row.
"use strict";
const rows = (() => {
  const kPage = 50, kMostColumns = 12;
  const put = words.put;
  let get = null;      // how to ask: (path, signal) → JSON
  let look = null;     // has refresh() called where it is due

  // --- one row ---
  const dialog = part("row");
  const open = (title, fields) => {
    put(part("row-title"), title);
    part("row-fields").replaceChildren(...fields.flatMap(([name, value]) => {
      const term = make("dt"), text = make("dd", {dir: "auto"});
      put(term, name);
      put(text, words.whole(value));
      return [term, text];
    }));
    dialog.showModal();
    dialog.scrollTop = 0;
  };
  part("row-close").addEventListener("click", () => dialog.close());
  for (const each of document.querySelectorAll("dialog"))
    each.addEventListener("click", event => event.target === each && each.close());

  const queryOf = parts => Object.entries(parts).filter(([, value]) => (value ?? "") !== "")
    .map(([name, value]) => name + "=" + encodeURIComponent(value)).join("&");

  const opensFrom = (body, show) => body.addEventListener("click", event => {
    const row = event.target.closest("tr");
    if (row?.item && !String(getSelection())) show(row.item);
  });
  // A cell's text, apart from the order of reading around it.
  const cellText = (cell, value) => {
    const bdi = cell.firstChild ?? cell.appendChild(make("bdi"));
    put(bdi, words.line(value));
  };
  const headButton = (cell, value) => {
    const button = cell.firstChild ?? cell.appendChild(make("button", {type: "button", className: "link"}, make("bdi")));
    put(button.firstChild, words.line(value) || "(empty)");
  };

  // --- answers ---
  const search = part("search"), note = part("answers-note"), table = part("answers-table");
  let names = [], show = null;
  let page = {rows: [], next: null, complete: true};
  let before = [];  // cursors of the pages up to this one; empty: the newest
  let asking = null, again = 0;

  // The key stands first and the answer's fields last in a line: the key, then short fields, then long ones from the last.
  const order = list => {
    const all = [...new Set(list.flatMap(row => Object.keys(row)))];
    const isLong = name => list.reduce((sum, row) => sum + words.line(row[name]).length, 0) > 40 * list.length;
    const rest = all.slice(1), long = rest.filter(isLong);
    return [...all.slice(0, 1), ...rest.filter(name => !long.includes(name)), ...long.reverse()].slice(0, kMostColumns);
  };
  const head = list => {
    const now = order(list);
    if (show && now.length === names.length && now.every(name => names.includes(name))) return;
    names = now;
    part("answers-head").replaceChildren(...names.map(name => {
      const cell = make("th", {scope: "col"}, make("bdi"));
      put(cell.firstChild, name);
      return cell;
    }));
    part("answers").replaceChildren();
    show = rowsOf(part("answers"), (row, i) => String(i), names.map((name, k) => k === 0
      ? {head: true, className: "text", show: (cell, row) => headButton(cell, row[name])}
      : {className: "text", show: (cell, row) => cellText(cell, row[name])}));
  };

  const held = () => table.matches(":hover") || table.contains(document.activeElement) || dialog.open;
  const remark = () => {
    const some = page.rows.length;
    const where = before.length ? "Older answers" : search.value ? "The newest that match" : "The newest answers";
    const short = !page.complete && page.next !== null;
    if (short) return (some ? `${where}. ` : "") + "The search has looked through the newest part of the file; Older goes on.";
    if (!some) return search.value ? "No answer matches." : "No answers yet.";
    if (search.value || before.length) return where + ", as they were when asked for; Newest returns to the present.";
    return held() ? "The newest answers; they stand still while the pointer or the focus is in the table." : "The newest answers first.";
  };
  const showRemark = () => put(note, remark());
  table.addEventListener("mouseenter", showRemark);
  table.addEventListener("mouseleave", showRemark);
  table.addEventListener("focusin", showRemark);
  table.addEventListener("focusout", () => setTimeout(showRemark));

  const ask = async () => {
    asking?.abort();
    const mine = asking = new AbortController();
    const query = queryOf({limit: kPage, q: search.value, before: before.at(-1)});
    const answer = await get("/api/answers?" + query, mine.signal).catch(error => {
      if (!mine.signal.aborted && error.told) put(note, error.told);
    });
    if (asking === mine) asking = null;
    if (!answer || mine.signal.aborted) return false;
    page = answer;
    if (page.rows.length) head(page.rows);
    show?.(page.rows);
    part("older").disabled = page.next === null;
    part("newer").disabled = !before.length;
    showRemark();
    return true;
  };
  search.addEventListener("input", () => {
    clearTimeout(again);
    again = setTimeout(() => {
      before = [];
      ask();
    }, 300);
  });
  part("older").addEventListener("click", () => {
    if (page.next === null) return;
    before.push(page.next);
    ask();
  });
  part("newer").addEventListener("click", () => {
    before.pop();
    ask();
  });
  part("newest").addEventListener("click", () => {
    before = [];
    search.value = "";
    ask();
  });
  opensFrom(part("answers"), row => open("Answer", Object.entries(row)));

  let visible = true;
  new IntersectionObserver(entries => {
    visible = entries.at(-1).isIntersecting;
    if (visible) look?.();
  }).observe(table.parentElement);

  // --- rejects of a reason ---
  let reason = null, older = null, listed = [];
  const showReason = rowsOf(part("reason-rows"), (row, i) => String(i), [
    {head: true, className: "text", show: (cell, row) => headButton(cell, row.key ?? "(no key)")},
    {className: "text", show: (cell, row) => cellText(cell, row.detail)},
    {className: "text", show: (cell, row) => cellText(cell, row.row)},
  ]);
  const askReason = async () => {
    const mine = reason;
    const query = queryOf({limit: 20, q: `"reason":${JSON.stringify(mine.reason)}`, before: older});
    put(part("reason-note"), "Reading…");
    const answer = await get("/api/rejects?" + query).catch(error =>
      put(part("reason-note"), error.told ?? "The program does not answer."));
    if (!answer || reason !== mine) return;
    listed = answer.rows.filter(row => row.reason === mine.reason && (!mine.stage || row.stage === mine.stage));
    older = answer.next;
    showReason(listed);
    part("reason-older").disabled = older === null;
    put(part("reason-note"), listed.length ? "Newest first; a row opens whole."
      : older !== null ? "None in this part of the file; Older goes on." : "No such rows are in the file.");
  };
  part("reason-older").addEventListener("click", askReason);
  part("reason-close").addEventListener("click", () => {
    part("reason-part").hidden = true;
    const from = reason?.button;
    reason = null;
    from?.focus();
  });
  opensFrom(part("reason-rows"), row => open("Rejected row", [
    ...["key", "stage", "reason", "detail"].filter(name => row[name] !== undefined).map(name => [name, row[name]]),
    ...(row.history?.length ? [["history", row.history.map(words.whole).join("\n")]] : []),
    ...(row.row && typeof row.row === "object" ? Object.entries(row.row) : [["row", row.row ?? ""]]),
  ]));

  return {
    start(how, lookAtAnswers) {
      get = how;
      look = lookAtAnswers;
    },
    // Asks for the newest answers, unless a person reads, searches or looks at older ones. Whether they came.
    async refresh(forced = false) {
      if (asking || search.value || before.length) return false;
      return (forced || (visible && !held())) && ask();
    },
    openReason(item, button) {
      reason = {...item, button};
      older = null;
      put(part("reason-title").firstChild, `${item.reason}, in ${item.stage}`);
      part("reason-part").hidden = false;
      showReason([]);
      askReason();
    },
  };
})();
