// The dashboard's figures as people read them, and its texts. A text may be a stranger's (a row's, a server's): it becomes
// text nodes and never markup, and characters that are not seen or that turn the order of reading are written out.
"use strict";
const words = (() => {
  const nothing = "–";
  const known = show => v => v === null || v === undefined || !Number.isFinite(v) ? nothing : show(v);
  const day = t => new Date(t * 1e3).toLocaleDateString("en-CA");
  // In the reader's own zone: 14:07, 14:07:31 or, on another day, 2026-09-21 14:07.
  const clock = (t, seconds = false) => {
    const time = new Date(t * 1e3).toLocaleTimeString("en-GB", seconds ? {} : {hour: "2-digit", minute: "2-digit"});
    return day(t) === day(Date.now() / 1e3) ? time : day(t) + " " + time;
  };

  // C0 and C1 but for tab and new line, zero width, line separators, bidi embeddings, overrides and isolates, interlinear
  // annotation, halves of surrogate pairs, tags.
  const kUnseen = /[\0-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\u{e0000}-\u{e007f}]/gu;
  const written = c => {
    const code = c.codePointAt(0);
    return code > 0xffff ? "\\u{" + code.toString(16) + "}" : "\\u" + code.toString(16).padStart(4, "0");
  };
  // Puts a text in the place of what an element holds, if it is another one.
  const put = (element, text) => {
    text = String(text ?? "");
    if (element.shown === text) return;
    element.shown = text;
    const parts = [];
    let from = 0;
    for (const match of text.matchAll(kUnseen)) {
      const mark = document.createElement("span");
      mark.className = "unseen-mark";
      mark.textContent = written(match[0]);
      parts.push(text.slice(from, match.index), mark);
      from = match.index + match[0].length;
    }
    element.replaceChildren(...parts, text.slice(from));
  };
  // In one line of a table, and no longer than a cell may be.
  const kMostCell = 240;
  const line = value => {
    const text = typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
    const cut = text.length > kMostCell ? [...text.slice(0, kMostCell)].slice(0, -1).join("") + "…" : text;
    return cut.replace(/[ \t\r\n]+/g, " ");
  };
  const whole = value => (typeof value === "string" ? value : JSON.stringify(value, null, 2)).replace(/\r\n/g, "\n");

  return {
    clock, put, line, whole, nothing,
    number: known(figures.number),
    money: known(figures.money),
    latency: known(v => v < 60 ? figures.plain(v, v < 10 ? 2 : 1) + " s" : figures.duration(v)),
    roughly: known(v => figures.duration(v < 60 ? Math.round(v) : v < 3600 ? 10 * Math.round(v / 10) : 60 * Math.round(v / 60))),
    count: known(v => figures.plain(v, 0)),
    percent: known(v => figures.plain(100 * v, v < 0.1 ? 1 : 0) + " %"),
  };
})();

// The part of the page with this id.
const part = id => document.getElementById(id);

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

// A function that shows items as rows of a table's body, in place: a row stays the same element as long as its item's key
// is among them. A column: {show(cell, item), head, number, className}.
const rowsOf = (body, keyOf, columns, prepare) => {
  const known = new Map();
  return items => {
    const seen = new Set();
    items.forEach((item, i) => {
      let key = keyOf(item, i);
      while (seen.has(key)) key += "+";
      seen.add(key);
      let row = known.get(key);
      if (!row) {
        row = make("tr");
        for (const column of columns) {
          const cell = make(column.head ? "th" : "td", {className: column.number ? "number" : column.className ?? ""});
          if (column.head) cell.scope = "row";
          row.append(cell);
        }
        prepare?.(row);
        known.set(key, row);
      }
      row.item = item;
      columns.forEach((column, k) => column.show(row.cells[k], item));
      if (body.children[i] !== row) body.insertBefore(row, body.children[i] ?? null);
    });
    for (const [key, row] of known)
      if (!seen.has(key)) {
        row.remove();
        known.delete(key);
      }
  };
};
