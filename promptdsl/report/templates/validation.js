"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const colors = bytes(data.colors);
  const tail = (1 - data.confidence) / 2;
  let object = null, limits = [], verdicts = [];

  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const svg = (tag, attributes, text) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    Object.entries(attributes || {}).forEach(([name, value]) => element.setAttribute(name, value));
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const percent = (share) => (100 * share).toFixed(1) + " %";
  const short = (value) => String(Number(value.toPrecision(4)));
  const title = (label) => label === "total" ? "all defects" : label.replace(/_/g, " ");
  const isGood = (picture) => picture.label === "good";

  // Clopper-Pearson by bisection on the binomial tail, as a regularised incomplete beta function.
  function logGamma(x) {
    const c = [76.18009172947146, -86.50532032941677, 24.01409824083091, -1.231739572450155, 0.001208650973866179, -0.000005395239384953];
    let sum = 1.000000000190015;
    c.forEach((value, i) => { sum += value / (x + 1 + i); });
    return (x + 0.5) * Math.log(x + 5.5) - (x + 5.5) + Math.log(2.5066282746310005 * sum / x);
  }
  function fraction(a, b, x) {
    let c = 1, d = 1 / Math.max(1e-300, Math.abs(1 - (a + b) * x / (a + 1))) * Math.sign(1 - (a + b) * x / (a + 1)), h = d;
    for (let m = 1; m < 400; m++) {
      const two = 2 * m;
      let n = m * (b - m) * x / ((a + two - 1) * (a + two));
      d = 1 / (1 + n * d); c = 1 + n / c; h *= d * c;
      n = -(a + m) * (a + b + m) * x / ((a + two) * (a + two + 1));
      d = 1 / (1 + n * d); c = 1 + n / c;
      const step = d * c; h *= step;
      if (Math.abs(step - 1) < 1e-12) break;
    }
    return h;
  }
  function betaBelow(x, a, b) {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x));
    return x < (a + 1) / (a + b + 2) ? front * fraction(a, b, x) / a : 1 - front * fraction(b, a, 1 - x) / b;
  }
  function betaAt(share, a, b) {
    let low = 0, high = 1;
    for (let i = 0; i < 60; i++) {
      const middle = (low + high) / 2;
      if (betaBelow(middle, a, b) < share) low = middle; else high = middle;
    }
    return (low + high) / 2;
  }
  function interval(count, of) {
    return [count === 0 ? 0 : betaAt(tail, count, of - count + 1), count === of ? 1 : betaAt(1 - tail, count + 1, of - count)];
  }
  function shareText(count, of) {
    if (!of) return "none of 0";
    const [low, high] = interval(count, of);
    return percent(count / of) + " (" + (100 * low).toFixed(1) + " to " + (100 * high).toFixed(1) + " %)";
  }

  // Verdicts under the thresholds as they stand.
  const value = (picture, rule) => rule.measure === "score" ? picture.score : picture.measures[rule.measure];
  function judge(picture) {
    const index = object.thresholds.findIndex((rule, i) => value(picture, rule) >= limits[i]);
    return index < 0 ? "pass" : object.thresholds[index].verdict;
  }
  const moved = () => object.thresholds.some((rule, i) => rule.value !== limits[i]);

  function update() {
    verdicts = object.pictures.map(judge);
    tiles(); rules(); outcomes(); tests(); confusion(); cards();
    histogramLines(); tradeoffMarks(); rocMarks();
  }

  function count(test) { return object.pictures.filter((p, i) => test(p, verdicts[i])).length; }

  function tiles() {
    const good = count(isGood), bad = object.pictures.length - good;
    const escapes = count((p, v) => !isGood(p) && v === "pass");
    const rejects = count((p, v) => isGood(p) && v === "reject");
    const reviews = count((p, v) => v === "review");
    tile("escapes", escapes, bad, "of " + bad + " defective");
    tile("false-rejects", rejects, good, "of " + good + " good");
    tile("reviews", reviews, good + bad, "of " + (good + bad));
    const passed = object.tests.filter(claimPasses).length, all = object.tests.length;
    const open = moved() ? 0 : object.tests.filter((test) => claimPasses(test) && !test.proven).length;
    $("count-tests").parentElement.className = "tile " + (!all ? "all" : passed < all ? "reject" : open ? "review" : "pass");
    $("count-tests").textContent = object.tests.length ? passed + " of " + object.tests.length : "–";
    $("note-tests").textContent = object.tests.length ? (moved() ? "at the moved thresholds" : open ? (open === passed ? "" : open + " ") + "not proven: too few pictures" : "at the spec’s thresholds") : "the spec has none for these pictures";
  }
  function tile(name, number, of, text) {
    $("count-" + name).textContent = number.toLocaleString("en");
    $("of-" + name).textContent = text;
    $("share-" + name).textContent = of ? shareText(number, of) : "";
  }

  // Rules: a slider each, and the lines to copy.
  function buildRules() {
    $("rules").replaceChildren(...object.thresholds.map((rule, i) => {
      const box = make("div", "rule " + rule.verdict), line = make("div", "top-line"), slider = make("input");
      line.append(make("span", "dot " + rule.verdict), make("code", "", ruleText(rule, i)));
      if (rule.kind === "located") { box.append(line); return box; }
      slider.type = "range";
      slider.id = "slider-" + i;
      slider.min = 0;
      slider.max = measures.find((m) => m.rules.includes(i)).most;
      slider.step = "any";
      slider.setAttribute("aria-label", rule.rule);
      slider.addEventListener("input", () => setLimit(i, Number(slider.value)));
      box.append(line, slider);
      if (rule.promise) box.append(make("small", "", rule.promise));
      return box;
    }));
  }
  const counted = (rule) => rule.unit === "px2" || rule.kind === "spot" && rule.unit === "";
  const isShare = (rule) => rule.kind === "score" || rule.unit === "%";
  function inUnit(rule, number) {
    if (rule.kind === "score") return short(number);
    if (rule.unit === "%") return short(100 * number) + "%";
    return (number >= 1000 || counted(rule) ? String(Math.round(number)) : short(number)) + (rule.unit ? " " + rule.unit : "");
  }
  function ruleText(rule, i) {
    return rule.verdict + " when " + rule.subject + (rule.kind === "located" ? "" : " >= " + inUnit(rule, limits[i]));
  }
  function rules() {
    object.thresholds.forEach((rule, i) => {
      const box = $("rules").children[i];
      box.querySelector("code").textContent = limits[i] === rule.value ? rule.rule : ruleText(rule, i);
      if (rule.kind !== "located") box.querySelector("input").value = limits[i];
    });
    $("reset").disabled = !moved();
    $("lines").hidden = !moved();
    $("spec-lines").textContent = "thresholds {\n" + object.thresholds.map((r, i) => "  " + ruleText(r, i)).join("\n") + "\n}";
    $("advice").textContent = object.default_thresholds ? "Nobody wrote thresholds: 0.5 is an uncalibrated default." : "";
  }
  function setLimit(i, value) {
    const rule = object.thresholds[i];
    const rounded = counted(rule) ? Math.round(value) : rule.kind === "score" ? Math.round(value * 1000) / 1000 : Number(value.toPrecision(3));
    const back = Math.abs(value - rule.value) < 0.0005 && rule.kind === "score";
    limits[i] = Math.min(isShare(rule) ? 1 : Infinity, Math.max(0, back ? rule.value : rounded));
    update();
  }

  // A histogram for each measure: good up, defective down, with a handle for each of its rules.
  const H = { w: 880, left: 40, right: 14, top: 36, bottom: 26, bins: 50, letter: 7 };
  let measures = [], handles = [];
  function measuresOf() {
    const names = ["score", ...object.thresholds.filter((rule) => rule.kind !== "located").map((rule) => rule.measure)];
    return [...new Set(names)].map((name) => {
      const rules = object.thresholds.map((rule, i) => i).filter((i) => object.thresholds[i].measure === name);
      const rule = object.thresholds[rules[0]] || { measure: "score", kind: "score", unit: "" };
      const measure = { name, rules, rule, h: name === "score" ? 300 : 190 };
      return { ...measure, ...axis(measure) };
    });
  }
  // The end of the axis, the step between its marks, and what it counts in.
  function axis(measure) {
    const { rule, rules } = measure;
    if (rule.kind === "score") return { most: 1, step: 0.1, bins: H.bins };
    const highest = Math.max(...object.pictures.map((p) => value(p, rule)), ...rules.map((i) => object.thresholds[i].value));
    const least = counted(rule) ? 4 : rule.unit === "%" ? 0.001 : 0;
    const goal = Math.max(least, highest > 0 ? 1.1 * highest : 1), power = 10 ** Math.floor(Math.log10(goal / 6));
    const found = [1, 2, 5, 10].map((n) => n * power).find((n) => goal / n <= 8);
    const step = counted(rule) ? Math.max(1, Math.round(found)) : found;
    const marks = Math.ceil(goal / step - 1e-9), most = marks * step;
    return { most, step, bins: counted(rule) ? Math.ceil(most / Math.max(1, Math.ceil(most / H.bins))) : H.bins };
  }
  const hx = (measure, number) => H.left + (H.w - H.left - H.right) * Math.min(1, number / measure.most);
  function mark(measure, number) {
    if (measure.rule.kind === "score") return number.toFixed(1);
    return measure.rule.unit === "%" ? short(100 * number) + " %" : short(number);
  }
  const caption = (measure) => measure.name.replace(/ \(.*\)$/, "").replace("number of spot ", "number of spots ") + (measure.rule.kind !== "score" && measure.rule.unit ? ", in " + measure.rule.unit : "");
  function histograms() {
    handles = object.thresholds.map(() => null);
    $("histogram").replaceChildren(...measures.flatMap((measure) => [
      ...(measures.length > 1 ? [make("h3", "measure", caption(measure))] : []), histogram(measure)]));
  }
  function histogram(measure) {
    const { bins, most, h } = measure, middle = (H.top + h - H.bottom) / 2, wide = most / bins;
    const up = new Array(bins).fill(0), down = new Array(bins).fill(0);
    object.pictures.forEach((p) => {
      const number = measure.name === "score" ? p.score : value(p, measure.rule);
      (isGood(p) ? up : down)[Math.min(bins - 1, Math.floor(number * bins / most))]++;
    });
    const highest = [0, Math.max(1, ...up), Math.max(1, ...down)], half = (h - H.top - H.bottom) / 2 - 4, width = (H.w - H.left - H.right) / bins;
    const chart = svg("svg", { viewBox: "0 0 " + H.w + " " + h, class: "chart", role: "group", "aria-label": "Histogram of the " + (measure.name === "score" ? "scores" : caption(measure)) + "; good parts up, defective parts down" });
    for (let t = 0; t <= Math.round(most / measure.step); t++) chart.append(svg("text", { x: hx(measure, t * measure.step), y: h - 8, "text-anchor": "middle" }, mark(measure, t * measure.step)));
    [1, -1].forEach((side) => {
      const top = highest.at(side);
      [top, Math.round(top / 2)].filter((n, i, all) => n > 0 && all.indexOf(n) === i).forEach((n) => {
        const y = middle - side * half * n / top;
        chart.append(svg("line", { x1: H.left, x2: H.w - H.right, y1: y, y2: y, class: "grid" }), svg("text", { x: H.left - 8, y: y + 4, "text-anchor": "end" }, n));
      });
    });
    for (let bin = 0; bin < bins; bin++) {
      [[up, "good-bar", 1], [down, "bad-bar", -1]].forEach(([counts, name, side]) => {
        if (!counts[bin]) return;
        const height = half * counts[bin] / highest.at(side);
        const bar = svg("rect", { x: hx(measure, bin * wide) + 0.75, y: side > 0 ? middle - 1 - height : middle + 1, width: width - 1.5, height, rx: 1.5, class: name });
        bar.append(svg("title", {}, between(measure, bin * wide, (bin + 1) * wide) + ": " + counts[bin] + (side > 0 ? " good" : " defective")));
        chart.append(bar);
      });
    }
    chart.append(svg("line", { x1: H.left, x2: H.w - H.right, y1: middle, y2: middle, class: "axis" }));
    measure.rules.forEach((i) => { handles[i] = handle(measure, i, chart); });
    return chart;
  }
  function between(measure, from, to) {
    if (measure.rule.kind === "score") return from.toFixed(2) + " to " + to.toFixed(2);
    if (counted(measure.rule)) return to - from <= 1 ? inUnit(measure.rule, from) : inUnit(measure.rule, from) + " to " + inUnit(measure.rule, to - 1);
    return inUnit(measure.rule, from) + " to " + inUnit(measure.rule, to);
  }
  function handle(measure, i, chart) {
    const rule = object.thresholds[i], h = measure.h;
    const group = svg("g", { class: "handle " + rule.verdict, tabindex: 0, role: "slider", "aria-valuemin": 0, "aria-valuemax": measure.most, "aria-label": rule.verdict + " threshold" + (measure.name === "score" ? "" : " of " + caption(measure)), "data-rule": i });
    group.append(svg("rect", { x: -11, y: H.top - 22, width: 22, height: h - H.top - H.bottom + 22, class: "hit" }),
      svg("line", { x1: 0, x2: 0, y1: H.top - 8, y2: h - H.bottom }), svg("circle", { cx: 0, cy: H.top - 10, r: 7, class: "grip" }), svg("text", { y: 14 }));
    const drag = (event) => {
      const box = chart.getBoundingClientRect();
      setLimit(i, measure.most * Math.min(1, ((event.clientX - box.left) * H.w / box.width - H.left) / (H.w - H.left - H.right)));
    };
    group.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      group.setPointerCapture(event.pointerId);
      group.addEventListener("pointermove", drag);
      group.focus({ preventScroll: true });
    });
    ["pointerup", "pointercancel"].forEach((name) => group.addEventListener(name, () => group.removeEventListener("pointermove", drag)));
    group.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 }[event.key];
      const one = counted(rule) ? Math.max(1, Math.round(measure.most / 1000)) : measure.most / 1000;
      if (steps) { event.preventDefault(); setLimit(i, limits[i] + steps * one); }
    });
    chart.append(group);
    return group;
  }
  function histogramLines() { measures.forEach(linesOf); }
  function linesOf(measure) {
    const order = [...measure.rules].sort((a, b) => limits[a] - limits[b]), x = (i) => hx(measure, limits[i]);
    const taken = [];
    order.forEach((i) => {
      const label = handles[i].lastChild, text = object.thresholds[i].verdict + " " + inUnit(object.thresholds[i], limits[i]);
      handles[i].setAttribute("transform", "translate(" + x(i) + " 0)");
      handles[i].setAttribute("aria-valuenow", limits[i]);
      handles[i].setAttribute("aria-valuetext", inUnit(object.thresholds[i], limits[i]));
      const place = labelPlace(x(i), H.letter * text.length, order.filter((j) => j !== i).map(x), taken);
      taken.push(place);
      label.textContent = text;
      label.setAttribute("x", place.left ? -10 : 10);
      label.setAttribute("text-anchor", place.left ? "end" : "start");
      label.setAttribute("y", H.top - 6 - (place.row ? 16 + 14 * (place.row - 1) : 0));
    });
    const above = 14 * Math.max(0, ...taken.map((place) => place.row - 1));
    order.slice(0, 1).forEach((i) => handles[i].ownerSVGElement.setAttribute("viewBox", "0 " + -above + " " + H.w + " " + (measure.h + above)));
  }
  // The lowest row, and the side, where a label covers no other label; beside the grips no other line either.
  function labelPlace(x, width, others, taken) {
    for (let row = 0; ; row++) {
      for (const left of [false, true]) {
        const from = left ? x - 14 - width : x + 6, to = from + width + 8;
        const crossed = row === 0 && others.some((other) => other > from - 9 && other < to + 9);
        const met = taken.some((place) => place.row === row && place.from < to && from < place.to);
        if (from >= 0 && to <= H.w && !crossed && !met) return { row, left, from, to };
      }
    }
  }

  // Curves by the score alone.
  const C = { w: 620, h: 300, left: 46, right: 14, top: 12, bottom: 30 };
  const cx = (x) => C.left + (C.w - C.left - C.right) * x, cy = (y) => C.h - C.bottom - (C.h - C.top - C.bottom) * y;
  const shares = { good: [], bad: [] };
  function atOrAbove(sorted, limit) {
    let low = 0, high = sorted.length;
    while (low < high) { const m = (low + high) >> 1; if (sorted[m] < limit) low = m + 1; else high = m; }
    return sorted.length - low;
  }
  function frame(label, xName) {
    const chart = svg("svg", { viewBox: "0 0 " + C.w + " " + C.h, class: "chart", role: "img", "aria-label": label });
    for (let t = 0; t <= 4; t++) {
      chart.append(svg("line", { x1: C.left, x2: C.w - C.right, y1: cy(t / 4), y2: cy(t / 4), class: "grid" }),
        svg("text", { x: C.left - 8, y: cy(t / 4) + 4, "text-anchor": "end" }, 25 * t + " %"),
        svg("text", { x: cx(t / 4), y: C.h - 12, "text-anchor": "middle" }, xName === "score" ? (t / 4).toFixed(2) : 25 * t + " %"));
    }
    return chart;
  }
  function path(points, name) {
    return svg("path", { d: points.map(([x, y], i) => (i ? "L" : "M") + cx(x).toFixed(2) + " " + cy(y).toFixed(2)).join(""), class: "line " + name });
  }
  function curves() {
    shares.good = object.pictures.filter(isGood).map((p) => p.score).sort((a, b) => a - b);
    shares.bad = object.pictures.filter((p) => !isGood(p)).map((p) => p.score).sort((a, b) => a - b);
    const chart = frame("Escapes and false rejects by threshold", "score"), roc = frame("ROC curve", "share");
    const stops = [0, 1, ...shares.good, ...shares.bad].sort((a, b) => a - b);
    const steps = (share) => stops.flatMap((t) => [[t, share(t)], [t, share(t + 1e-9)]]);
    if (shares.bad.length) chart.append(path(steps((t) => 1 - atOrAbove(shares.bad, t) / shares.bad.length), "bad-line"));
    if (shares.good.length) chart.append(path(steps((t) => atOrAbove(shares.good, t) / shares.good.length), "good-line"));
    chart.append(svg("g", { id: "tradeoff-marks" }));
    roc.append(svg("line", { x1: cx(0), y1: cy(0), x2: cx(1), y2: cy(1), class: "chance" }));
    if (shares.good.length && shares.bad.length) roc.append(path([...stops, 2].reverse().map(rocPoint), "bad-line"));
    roc.append(svg("g", { id: "roc-marks" }));
    $("tradeoff").replaceChildren(chart);
    $("roc").replaceChildren(roc);
  }
  const rocPoint = (t) => [atOrAbove(shares.good, t) / shares.good.length, atOrAbove(shares.bad, t) / shares.bad.length];
  function tradeoffMarks() {
    $("tradeoff-marks").replaceChildren(...object.thresholds.flatMap((rule, i) => rule.measure !== "score" ? [] : [
      svg("line", { x1: cx(limits[i]), x2: cx(limits[i]), y1: C.top, y2: C.h - C.bottom, class: "mark " + rule.verdict })]));
  }
  function rocMarks() {
    if (!shares.good.length || !shares.bad.length) return;
    $("roc-marks").replaceChildren(...object.thresholds.flatMap((rule, i) => {
      if (rule.measure !== "score") return [];
      const [x, y] = rocPoint(limits[i]), dot = svg("circle", { cx: cx(x), cy: cy(y), r: 6, class: "dotmark " + rule.verdict });
      dot.append(svg("title", {}, rule.verdict + " at " + short(limits[i]) + ": " + percent(y) + " of defects, " + percent(x) + " of good parts"));
      return [dot];
    }));
  }

  // Tables.
  function head(table, names, key = 0) {  // the column of the key stays in sight when the table scrolls
    const tr = make("tr");
    names.forEach((name, i) => { const th = make("th", i === key ? "key-cell" : i ? "n" : "", name); th.scope = "col"; tr.append(th); });
    const thead = make("thead");
    thead.append(tr);
    table.replaceChildren(thead, make("tbody"));
    return table.lastChild;
  }
  function cell(className, text, under) {
    const td = make("td", className, text);
    if (under) td.append(make("span", "interval", under));
    return td;
  }
  function labels() { return [...new Set(["good", ...object.pictures.map((p) => p.label)])].filter((label) => object.pictures.concat(object.unreadable).some((p) => p.label === label)); }

  function outcomes() {
    const body = head($("outcomes"), ["", "pictures", "pass", "review", "reject", "what goes wrong"]);
    const all = labels(), defects = all.filter((label) => label !== "good");
    [...all, ...(defects.length > 1 ? ["total"] : [])].forEach((label) => {
      const mine = (p) => label === "total" ? !isGood(p) : p.label === label;
      const of = count(mine), wrong = label === "good" ? "reject" : "pass", tr = make("tr", label === "total" ? "total" : "");
      const missing = object.unreadable.filter((u) => label === "total" ? u.label !== "good" : u.label === label).length;
      const bad = count((p, v) => mine(p) && v === wrong);
      tr.dataset.label = label;
      tr.append(cell("strong key-cell", title(label), missing ? missing + " not inspected" : ""), cell("n", of));
      ["pass", "review", "reject"].forEach((verdict) => tr.append(cell("n", count((p, v) => mine(p) && v === verdict))));
      tr.append(cell("n" + (bad ? " wrong" : ""), bad + " of " + of + (label === "good" ? " false rejects" : " escape"), shareText(bad, of)));
      body.append(tr);
    });
  }

  function claimParts(test) {
    const mine = (p) => p.label === test.on, of = count(mine), seen = count((p, v) => mine(p) && v === test.verdict);
    const least = test.bound === "at least", wrong = least ? of - seen : seen, allowed = least ? 1 - test.asked : test.asked;
    return { of, seen, wrong, spare: Math.floor(allowed * of + 1e-9) - wrong };
  }
  function claimPasses(test) { const c = claimParts(test); return c.of > 0 && c.spare >= 0; }
  function tests() {
    $("tests-panel").hidden = !object.tests.length;
    const body = head($("tests"), ["test", "expects", "seen", "result", ""]), here = moved();
    object.tests.forEach((test) => {
      const parts = claimParts(test), passes = claimPasses(test), tr = make("tr"), result = make("td", "n");
      const proven = !here && test.proven;
      result.append(make("span", "pill " + (!passes ? "failed" : proven ? "proven" : "open"), !passes ? "failed" : proven ? "passed" : here ? "passes here" : "passed, not proven"));
      const words = here ? (passes ? parts.spare + " more may go wrong" : -parts.spare + " too many go wrong") : test.remark;
      tr.append(cell("strong", test.name), cell("n", test.on.replace(/_/g, " ") + ": " + test.expect), cell("n", parts.seen + " of " + parts.of, shareText(parts.seen, parts.of)), result, cell("why", words));
      body.append(tr);
    });
  }

  const NAMES = { auroc: "image AUROC", average_precision: "image AP", f1_max: "image F1-max", pixel_auroc: "pixel AUROC", pixel_average_precision: "pixel AP", pixel_f1_max: "pixel F1-max", aupro: "AU-PRO 0.3, exact", research_aupro: "AU-PRO, research codes" };
  function figures() {
    const names = Object.keys(NAMES).filter((name) => object.figures.some((group) => group[name] && group[name].value !== null));
    const body = head($("figures"), ["", "pictures", ...names.map((name) => NAMES[name])]);
    [...object.figures.slice(1), object.figures[0]].forEach((group) => {
      const tr = make("tr", group.group === "total" ? "total" : "");
      tr.append(cell("strong key-cell", group.group === "total" ? "all" : title(group.group)), cell("n", group.good + " + " + group.defective, group.with_masks + " with mask"));
      names.forEach((name) => {
        const figure = group[name], range = figure.interval;
        const td = figure.value === null ? cell("n", "–") : cell("n", figure.value.toFixed(3), !range ? "" : range[0] === range[1] ? (figure.value === 1 ? "no spread" : "") : range[0].toFixed(3) + " to " + range[1].toFixed(3));
        if (figure.reason) td.title = figure.reason;
        tr.append(td);
      });
      body.append(tr);
    });
    if (!names.length) { const tr = make("tr"); tr.append(cell("", object.figures[0].auroc.reason)); body.append(tr); }
  }

  function confusion() {
    const table = object.confusion;
    $("confusion-panel").hidden = !table.labels.length || !table.named.length;
    const body = head($("confusion"), ["it shows", ...table.named.map((name) => name.replace(/_/g, " ")), "of these escape"]);
    table.labels.forEach((label, row) => {
      const tr = make("tr"), sum = table.counts[row].reduce((a, b) => a + b, 0);
      tr.append(cell("strong key-cell", title(label)));
      table.counts[row].forEach((number, column) => {
        const td = cell("cell", number || "·"), right = table.named[column] === label;
        if (number) td.style.background = "color-mix(in srgb, var(--" + (right ? "pass" : "reject") + ") " + Math.round(8 + 37 * number / sum) + "%, transparent)";
        tr.append(td);
      });
      tr.append(cell("n", count((p, v) => p.label === label && v === "pass") + " of " + sum));
      body.append(tr);
    });
    const right = table.right;
    $("naming").textContent = right.of ? "The likeliest defect was the right one in " + right.count + " of " + right.of + " pictures: " + shareText(right.count, right.of) + ". Naming never changes a verdict." : "The labels of these pictures are not defects of the spec, so naming cannot be right or wrong here.";
  }

  // Pictures.
  function heat(map) {
    const canvas = make("canvas");
    canvas.width = canvas.height = data.side;
    const levels = bytes(map), context = canvas.getContext("2d"), pixels = context.createImageData(data.side, data.side);
    levels.forEach((level, i) => {
      pixels.data.set(colors.subarray(3 * level, 3 * level + 3), 4 * i);
      pixels.data[4 * i + 3] = data.cover[level];
    });
    context.putImageData(pixels, 0, 0);
    return canvas;
  }
  function picture(row, withHeat, withMask) {
    const [width, height, jpeg, map, outline] = row.preview, fit = make("div", "fit"), image = make("img");
    fit.style.aspectRatio = width + " / " + height;
    if (width < height) { fit.style.width = "auto"; fit.style.height = "100%"; }
    image.alt = row.image;
    image.src = "data:image/jpeg;base64," + jpeg;
    fit.append(image);
    if (withHeat) fit.append(heat(map));
    if (withMask && outline) { const mark = make("img", "outline"); mark.alt = ""; mark.src = "data:image/png;base64," + outline; fit.append(mark); }
    return fit;
  }
  let cardRows = [];
  function buildCards() {
    cardRows = [];
    const sorted = object.pictures.map((p, i) => [p, i]).filter(([p]) => p.preview);
    fill("worst-defective", sorted.filter(([p]) => !isGood(p)).sort((a, b) => a[0].score - b[0].score), "No defective pictures.");
    fill("worst-good", sorted.filter(([p]) => isGood(p)).sort((a, b) => b[0].score - a[0].score), "No good pictures.");
  }
  function fill(id, rows, none) {
    $(id).classList.add("heat", "masks");
    $(id).replaceChildren(...rows.map(([row, index]) => {
      const card = make("button", "card"), stage = make("div", "stage"), say = make("div", "say"), first = make("div", "first");
      card.type = "button";
      stage.append(picture(row, true, true));
      first.append(make("b", "", row.score.toFixed(3)), make("span", "pill"));
      say.append(first, make("small", "", isGood(row) ? "good" : title(row.label) + (row.named && row.named !== row.label ? ", named " + title(row.named) : "")), make("small", "", row.image.slice(row.image.lastIndexOf("/") + 1)));
      card.append(stage, say);
      card.addEventListener("click", () => show(row, index));
      cardRows.push([card, index]);
      return card;
    }));
    if (!rows.length) $(id).replaceChildren(make("p", "hint", none));
  }
  const word = (row, verdict) => isGood(row) ? (verdict === "reject" ? "false reject" : verdict) : verdict === "pass" ? "escape" : verdict;
  const tone = (row, verdict) => word(row, verdict) === "escape" || word(row, verdict) === "false reject" ? "reject" : verdict === "review" ? "review" : "pass";
  function cards() {
    cardRows.forEach(([card, index]) => {
      const row = object.pictures[index], pill = card.querySelector(".pill");
      card.className = "card " + tone(row, verdicts[index]);
      pill.className = "pill " + tone(row, verdicts[index]);
      pill.textContent = word(row, verdicts[index]);
    });
  }
  function show(row, index) {
    const list = make("dl", "facts");
    const fact = (name, text, big) => { const group = make("div"); group.append(make("dt", "", name), make("dd", big ? "big" : "", text)); list.append(group); };
    $("large-verdict").className = "pill " + tone(row, verdicts[index]);
    $("large-verdict").textContent = word(row, verdicts[index]);
    $("large-name").textContent = row.image;
    $("stage-plain").replaceChildren(picture(row, false, true));
    $("stage-heat").replaceChildren(picture(row, true, false));
    fact("score", row.score.toFixed(4), true);
    fact("it shows", isGood(row) ? "a good part" : title(row.label));
    if (row.named && verdicts[index] !== "pass") fact("likeliest defect", title(row.named) + ", likeness " + row.likeness.toFixed(2));
    measures.filter((m) => m.name !== "score").forEach((m) => fact(caption(m).replace(/, in .*/, ""), told(m.rule, value(row, m.rule))));
    const rule = object.thresholds.findIndex((r, i) => value(row, r) >= limits[i]);
    fact("decided by", rule < 0 ? "no rule held" : ruleText(object.thresholds[rule], rule));
    $("large-facts").replaceChildren(list);
    $("large").showModal();
  }

  function told(rule, number) {
    return rule.kind === "score" ? number.toFixed(4) : rule.unit === "%" ? (100 * number).toFixed(2) + " %" : inUnit(rule, number);
  }

  function banners() {
    const boxes = [], found = object.separation;
    if (data.stopped) boxes.push(banner("error", "Not every object could be validated", [data.stopped]));
    if (found && found.auroc !== null) boxes.push(banner({ well: "info", somewhat: "info" }[found.grade] || "error", found.sentence.charAt(0).toUpperCase() + found.sentence.slice(1), ["Next: " + found.next]));
    if (object.problems.length) boxes.push(banner("error", object.problems.length === 1 ? "One picture or mask could not be used" : object.problems.length + " pictures or masks could not be used", object.problems));
    if (object.notes.length) boxes.push(banner("warn", "Before you believe these numbers", object.notes));
    $("banners").replaceChildren(...boxes);
  }
  function banner(kind, text, sentences) {
    const box = make("section", "banner " + kind), list = make("ul");
    sentences.slice(0, 50).forEach((sentence) => list.append(make("li", "", sentence)));
    box.append(make("b", "", text), list);
    return box;
  }

  function words() {
    const rows = object.words;
    $("words-panel").hidden = !rows || !rows.length;
    if (!rows || !rows.length) return;
    const columns = Object.keys(rows[0]), body = head($("words"), columns, 1);
    rows.forEach((row) => { const tr = make("tr"); columns.forEach((name, i) => tr.append(cell(i === 1 ? "key-cell" : i ? "n" : "strong", String(row[name])))); body.append(tr); });
  }

  function dataset() {
    const table = data.table;
    if (!table) return;
    $("dataset").hidden = false;
    const names = Object.keys(NAMES), body = head($("dataset-table"), ["category", "pictures", ...names.map((name) => NAMES[name])]);
    const add = (className, first, second, values) => {
      const tr = make("tr", className);
      tr.append(cell("strong key-cell", first, second[1]), cell("n", second[0]), ...names.map((name) => cell("n", values[name] === undefined ? "" : values[name] === null ? "–" : values[name].toFixed(1))));
      body.append(tr);
    };
    table.rows.forEach((row) => add("", row.category, [row.pictures], row));
    add("total", "mean", [""], table.mean);
    table.published.forEach((row) => add("paper", row.method, ["", row.paper], row));
    if (table.remark) $("dataset").append(make("p", "hint", "Note: " + table.remark + "."));
  }

  function choose(index) {
    object = data.objects[index];
    limits = object.thresholds.map((rule) => rule.value);
    measures = measuresOf();
    banners(); buildRules(); histograms(); curves(); figures(); buildCards(); words(); update();
  }
  function scale() {
    const context = $("scale").getContext("2d"), pixels = context.createImageData(256, 1);
    for (let i = 0; i < 256; i++) { pixels.data.set(colors.subarray(3 * i, 3 * i + 3), 4 * i); pixels.data[4 * i + 3] = 255; }
    context.putImageData(pixels, 0, 0);
  }

  $("reset").addEventListener("click", () => { limits = object.thresholds.map((rule) => rule.value); update(); });
  ["heat", "masks"].forEach((id) => $(id).addEventListener("change", (event) => document.querySelectorAll(".cards").forEach((box) => box.classList.toggle(id, event.target.checked))));
  $("large-close").addEventListener("click", () => $("large").close());
  $("large").addEventListener("click", (event) => { if (event.target === $("large")) $("large").close(); });
  if ($("object")) $("object").addEventListener("change", (event) => choose(Number(event.target.value)));
  scale();
  dataset();
  choose(0);
})();
