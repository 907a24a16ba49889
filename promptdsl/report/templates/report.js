"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const colors = bytes(data.colors);
  const PAGE = 50, PRINTED = 400;
  const NAMES = { error: "not inspected" };
  const ORDER = { reject: 0, error: 1, review: 2, pass: 3 };
  const state = { verdict: "", query: "", defect: "", object: "", sort: "verdict", up: true, page: 0 };
  let found = [];
  let open = -1;

  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const percent = (share) => (100 * share).toFixed(share > 0 && share < 0.1 ? 2 : 1) + " %";
  const likeness = (value) => (value || 0).toFixed(2);
  const score = (value) => value === null ? "–" : value.toFixed(3);

  function heat(map) {
    const canvas = make("canvas");
    canvas.width = canvas.height = data.side;
    const levels = bytes(map), context = canvas.getContext("2d");
    const pixels = context.createImageData(data.side, data.side);
    levels.forEach((level, i) => {
      pixels.data.set(colors.subarray(3 * level, 3 * level + 3), 4 * i);
      pixels.data[4 * i + 3] = data.cover[level];
    });
    context.putImageData(pixels, 0, 0);
    return canvas;
  }

  function picture(row) {
    const image = make("img");
    image.alt = row.image;
    image.src = "data:image/jpeg;base64," + row.preview[2];
    return image;
  }

  function thumb(row, index) {
    const button = make("button", "thumb" + (row.preview ? "" : " none"));
    button.type = "button";
    button.setAttribute("aria-label", "Show " + row.image + " large");
    button.addEventListener("click", (event) => { event.stopPropagation(); show(index); });
    if (!row.preview) { button.textContent = row.score === null ? "no picture" : "not kept"; return button; }
    const [width, height] = row.preview, scale = Math.min(112 / width, 84 / height);
    const fit = make("span", "fit");
    fit.style.width = width * scale + "px";
    fit.style.height = height * scale + "px";
    fit.append(picture(row), heat(row.preview[3]));
    button.append(fit);
    return button;
  }

  function meter(value, verdict) {
    const bar = make("div", "meter " + verdict), fill = make("i");
    fill.style.width = 100 * value + "%";
    bar.append(fill);
    return bar;
  }

  function cell(className, ...parts) {
    const td = make("td", className);
    td.append(...parts.filter((part) => part !== null));
    return td;
  }

  function line(row, index) {
    const tr = make("tr");
    const cut = row.image.lastIndexOf("/");
    tr.dataset.verdict = row.verdict;
    tr.append(
      cell("picture", thumb(row, index)),
      cell("file", make("b", "", row.image.slice(cut + 1)), make("small", "", cut > 0 ? row.image.slice(0, cut) : "")),
      cell("verdict", make("span", "pill " + row.verdict, NAMES[row.verdict] || row.verdict)),
      cell("score", make("span", "num", score(row.score)), row.score === null ? null : meter(row.score, row.verdict)),
      cell("defect", row.defect || "–", row.defect ? make("small", "", "likeness " + likeness(row.defects[row.defect])) : null),
      cell("why", ...why(row)));
    tr.addEventListener("click", () => show(index));
    return tr;
  }

  function why(row) {
    const parts = [];
    if (row.rule) parts.push(make("code", "", row.rule));
    if (row.error) parts.push(make("span", "", row.error.replace(/^not inspected: /, "")));  // the verdict says it
    if (!parts.length) parts.push("no rule held");
    return parts;
  }

  const sortable = {
    image: (row) => row.image, verdict: (row) => ORDER[row.verdict], score: (row) => row.score === null ? -1 : row.score,
    defect: (row) => row.defect || "", rule: (row) => row.rule || row.error || "",
  };
  const natural = new Intl.Collator("en", { numeric: true });

  function compare(a, b) {
    const x = sortable[state.sort](a), y = sortable[state.sort](b);
    const order = typeof x === "number" ? x - y : natural.compare(x, y);
    return (state.up ? order : -order) || (b.score ?? -1) - (a.score ?? -1) || natural.compare(a.image, b.image);
  }

  function matches(row) {
    const text = (row.image + " " + (row.rule || "") + " " + (row.error || "")).toLowerCase();
    return (!state.verdict || row.verdict === state.verdict) && (!state.defect || row.defect === state.defect)
      && (!state.object || row.object === state.object) && text.includes(state.query);
  }

  function search() {
    found = data.rows.filter(matches).sort(compare);
    state.page = 0;
    render();
  }

  function render(printing) {
    const size = printing ? PRINTED : PAGE;
    const pages = Math.max(1, Math.ceil(found.length / PAGE)), start = printing ? 0 : state.page * PAGE;
    $("rows").replaceChildren(...found.slice(start, start + size).map((row, i) => line(row, start + i)));
    $("empty").hidden = found.length > 0;
    $("count").textContent = found.length.toLocaleString("en") + " of " + data.rows.length.toLocaleString("en");
    $("page").textContent = "page " + (state.page + 1) + " of " + pages;
    $("back").disabled = state.page === 0;
    $("next").disabled = state.page >= pages - 1;
    document.querySelector(".pages").hidden = pages === 1;
    document.querySelectorAll("th[aria-sort]").forEach((th) => {
      const mine = th.firstElementChild.dataset.sort === state.sort;
      th.setAttribute("aria-sort", mine ? (state.up ? "ascending" : "descending") : "none");
    });
  }

  function fact(list, name, ...values) {
    const dd = make("dd");
    dd.append(...values);
    const group = make("div");
    group.append(make("dt", "", name), dd);
    list.append(group);
  }

  function shares(row) {
    const list = make("div", "share");
    Object.entries(row.defects).sort((a, b) => b[1] - a[1]).slice(0, 8).forEach(([name, share]) =>
      list.append(make("span", "", name), make("em", "", likeness(share)), meter(share, row.verdict)));
    return list;
  }

  function facts(row) {
    const list = make("dl", "facts");
    const value = make("span", "big", score(row.score));
    fact(list, "score", value);
    fact(list, row.verdict === "error" ? "why it was not inspected" : "rule that decided", ...why(row));
    Object.entries(row.area || {}).forEach(([above, share]) => fact(list, "area above " + above, percent(share)));
    if (row.defect) fact(list, "likeness to each defect", shares(row));
    fact(list, "object", row.object);
    if (row.map) {
      const link = make("a", "", row.map);
      link.href = row.map.split("/").map(encodeURIComponent).join("/");
      link.target = "_blank";
      fact(list, "heat map at full size, next to this page", link);
    }
    return list;
  }

  function stage(place, row, hot) {
    if (!row.preview) { place.replaceChildren(make("span", "hint", row.score === null ? "no picture" : "not kept in this page")); return; }
    const fit = make("div", "fit");
    fit.style.setProperty("--ratio", row.preview[0] / row.preview[1]);
    fit.append(picture(row), ...(hot ? [heat(row.preview[3])] : []));
    place.replaceChildren(fit);
  }

  function show(index) {
    if (!found.length) return;
    open = (index + found.length) % found.length;
    const row = found[open];
    $("large-verdict").className = "pill " + row.verdict;
    $("large-verdict").textContent = NAMES[row.verdict] || row.verdict;
    $("large-name").textContent = row.image;
    $("large-place").textContent = (open + 1) + " of " + found.length + " · keys ← → and Esc";
    stage($("stage-plain"), row, false);
    stage($("stage-heat"), row, true);
    $("large-facts").replaceChildren(facts(row));
    strength();
    if (!$("large").open) $("large").showModal();
  }

  function strength() {
    const canvas = $("stage-heat").querySelector("canvas");
    if (canvas) canvas.style.opacity = $("strength").value / 100;
  }

  function scale() {
    const context = $("scale").getContext("2d"), pixels = context.createImageData(256, 1);
    for (let i = 0; i < 256; i++) {
      pixels.data.set(colors.subarray(3 * i, 3 * i + 3), 4 * i);
      pixels.data[4 * i + 3] = 255;
    }
    context.putImageData(pixels, 0, 0);
  }

  document.querySelectorAll(".tile").forEach((tile) => tile.addEventListener("click", () => {
    state.verdict = tile.dataset.verdict;
    document.querySelectorAll(".tile").forEach((other) => other.setAttribute("aria-pressed", other === tile));
    search();
  }));
  document.querySelectorAll("th button").forEach((button) => button.addEventListener("click", () => {
    const key = button.dataset.sort;
    state.up = key === state.sort ? !state.up : key !== "score";
    state.sort = key;
    search();
  }));
  $("search").addEventListener("input", (event) => { state.query = event.target.value.toLowerCase(); search(); });
  ["defect", "object"].forEach((id) => $(id) && $(id).addEventListener("change", (event) => { state[id] = event.target.value; search(); }));
  $("heat").addEventListener("change", (event) => document.body.classList.toggle("heat", event.target.checked));
  $("back").addEventListener("click", () => { state.page--; render(); });
  $("next").addEventListener("click", () => { state.page++; render(); });
  $("large-close").addEventListener("click", () => $("large").close());
  $("large-back").addEventListener("click", () => show(open - 1));
  $("large-next").addEventListener("click", () => show(open + 1));
  $("strength").addEventListener("input", strength);
  $("large").addEventListener("click", (event) => { if (event.target === $("large")) $("large").close(); });
  document.addEventListener("keydown", (event) => {
    if (!$("large").open || event.target === $("strength")) return;
    if (event.key === "ArrowLeft") show(open - 1);
    if (event.key === "ArrowRight") show(open + 1);
  });
  window.addEventListener("beforeprint", () => {
    render(true);
    $("printed").hidden = found.length <= PRINTED;
    $("printed").textContent = "Printed are the first " + PRINTED + " of " + found.length.toLocaleString("en") + " pictures.";
  });
  window.addEventListener("afterprint", () => { $("printed").hidden = true; render(); });
  scale();
  search();
})();
