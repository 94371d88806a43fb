// Figures as people read them, for the scripts of pages, which the build puts behind this one (web/CMakeLists.txt).
"use strict";
const figures = (() => {
  const plain = (v, digits) => v.toLocaleString("en-US", {maximumFractionDigits: digits});
  const three = v => plain(v, Math.abs(v) < 10 ? 2 : Math.abs(v) < 100 ? 1 : 0);

  const number = v => {
    for (const [least, letter] of [[1e9, "G"], [1e6, "M"], [1e4, "k"]])
      if (Math.abs(v) >= least) return three(v / (letter === "k" ? 1e3 : least)) + " " + letter;
    return three(v);
  };
  const money = v => {
    if (v === 0) return "$0";
    if (Math.abs(v) >= 1e4) return "$" + number(v);
    const digits = Math.abs(v) >= 1 ? 2 : Math.min(12, 1 - Math.floor(Math.log10(Math.abs(v))));
    return "$" + v.toLocaleString("en-US", {minimumFractionDigits: Math.min(2, digits), maximumFractionDigits: digits});
  };
  // 0.25 s, 42 s, 3 min, 3 min 05 s, 2 h 07 min, 3 d 4 h
  const duration = v => {
    if (v < 60) return plain(v, v < 1 ? 3 : v < 10 ? 2 : 1) + " s";
    const two = n => String(n).padStart(2, "0");
    const s = Math.round(v), m = Math.floor(s / 60), h = Math.floor(m / 60), d = Math.floor(h / 24);
    if (s < 3600) return m + " min" + (s % 60 ? " " + two(s % 60) + " s" : "");
    if (s < 86400) return h + " h" + (m % 60 ? " " + two(m % 60) + " min" : "");
    return d + " d" + (h % 24 ? " " + (h % 24) + " h" : "");
  };
  const share = v => plain(100 * v, 1) + " %";

  return {plain, number, money, duration, share};
})();
