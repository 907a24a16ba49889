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
  const ROW = 0, NAME = 1, REGION = 2, X = 3, Y = 4, WIDTH = 5, HEIGHT = 6, AREA = 7, EXTENT = 8, PEAK = 9, AREA_MM = 10, EXTENT_MM = 11;
  const FRAMES = 40;
  const seen = { name: "", region: "", least: 0, sort: "size", up: false, page: 0 };
  let spots = [], chosen = null, openSpot = -1;
  data.rows.forEach((row) => { row.places = []; });
  data.spots.list.forEach((spot) => data.rows[spot[ROW]].places.push(spot));

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

  const three = (value) => value >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
  const long = (spot) => spot[EXTENT_MM] === null ? spot[EXTENT].toFixed(0) + " px" : three(spot[EXTENT_MM]) + " mm";
  const wide = (spot) => spot[AREA_MM] === null ? spot[AREA].toLocaleString("en") + " px²" : three(spot[AREA_MM]) + " mm²";
  const length = (spot) => data.spots.unit === "mm" ? spot[EXTENT_MM] : spot[EXTENT];
  const where = (spot) => (spot[X] + Math.floor(spot[WIDTH] / 2)) + ", " + (spot[Y] + Math.floor(spot[HEIGHT] / 2));
  const when = (time) => time.slice(0, 19).replace("T", " ") + " UTC";
  const pixels = (size) => size[0].toLocaleString("en") + " × " + size[1].toLocaleString("en") + " px";

  function frames(row, named) {
    if (!row.size) return [];
    return row.places.slice(0, FRAMES).map((spot) => {
      const frame = make("i", "frame" + (spot === chosen ? " chosen" : ""));
      const [width, height] = row.size;
      frame.style.left = 100 * spot[X] / width + "%";
      frame.style.top = 100 * spot[Y] / height + "%";
      frame.style.width = 100 * spot[WIDTH] / width + "%";
      frame.style.height = 100 * spot[HEIGHT] / height + "%";
      if (named && (spot === chosen || row.places.indexOf(spot) < 6)) {
        const label = make("span", "", ((spot[NAME] || "") + " " + long(spot)).trim());
        if (spot[Y] < 0.12 * height) label.className = "below";
        if (spot[X] > 0.6 * width) label.className += " left";
        frame.append(label);
      }
      return frame;
    });
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
    fit.append(picture(row), heat(row.preview[3]), ...frames(row, false));
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
      cell("file", make("b", "", row.image.slice(cut + 1)), make("small", "", cut > 0 ? row.image.slice(0, cut) : ""),
        make("small", "", traced(row))),
      cell("verdict", make("span", "pill " + row.verdict, NAMES[row.verdict] || row.verdict)),
      cell("score", make("span", "num", score(row.score)), row.score === null ? null : meter(row.score, row.verdict)),
      cell("defect", row.defect || "–", row.defect ? make("small", "", "likeness " + likeness(row.defects[row.defect])) : null),
      cell("why", ...why(row), ...remarks(row)));
    tr.addEventListener("click", () => show(index));
    return tr;
  }

  function traced(row) {
    return [row.part ? "part " + row.part : "", row.time ? when(row.time) : "", row.size ? pixels(row.size) : ""].filter(Boolean).join(" · ");
  }

  function why(row) {
    const parts = [];
    if (row.rule) parts.push(make("code", "", row.rule));
    if (row.error) parts.push(make("span", "", row.error.replace(/^not inspected: /, "")));  // the verdict says it
    if (!parts.length) parts.push("no rule held");
    return parts;
  }

  function remarks(row) {
    const unlocated = row.unlocated ? "part not located: " + row.unlocated : null;
    return [unlocated, row.spots || null].filter(Boolean).map((text) => make("small", "", text));
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
    const text = [row.image, row.part || "", row.rule || "", row.error || "", row.unlocated || ""].join(" ").toLowerCase();
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
    document.querySelectorAll(".pictures th[aria-sort]").forEach((th) => {
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
    Object.entries(row.measures || {}).forEach(([name, value]) => fact(list, name, three(value)));
    if (row.places.length) fact(list, row.spots, places(row));
    if (row.defect) fact(list, "likeness to each defect", shares(row));
    fact(list, "object", row.object);
    if (row.part) fact(list, "part", row.part);
    if (row.unlocated) fact(list, "why the part is not located", row.unlocated);
    if (row.time) fact(list, "inspected", when(row.time));
    if (row.size) fact(list, "size", pixels(row.size));
    if (row.residual !== undefined) fact(list, "left over after locating", row.residual.toFixed(2) + " px");
    if (row.map) {
      const link = make("a", "", row.map);
      link.href = row.map.split("/").map(encodeURIComponent).join("/");
      link.target = "_blank";
      fact(list, "heat map at full size, next to this page", link);
    }
    return list;
  }

  function places(row) {
    const list = make("ol", "places");
    row.places.slice(0, 8).forEach((spot) => {
      const item = make("li", spot === chosen ? "chosen" : "", [spot[NAME], long(spot), "at " + where(spot), spot[REGION] ? "in " + spot[REGION] : ""].filter(Boolean).join(" "));
      list.append(item);
    });
    return list;
  }

  function stage(place, row, hot) {
    if (!row.preview) { place.replaceChildren(make("span", "hint", row.score === null ? "no picture" : "not kept in this page")); return; }
    const fit = make("div", "fit");
    fit.style.setProperty("--ratio", row.preview[0] / row.preview[1]);
    fit.append(picture(row), ...(hot ? [heat(row.preview[3]), ...frames(row, true)] : []));
    place.replaceChildren(fit);
  }

  function show(index) {
    if (!found.length) return;
    open = (index + found.length) % found.length;
    chosen = null;
    reveal(found[open], (open + 1) + " of " + found.length + " · keys ← → and Esc");
  }

  function showSpot(index) {
    if (!spots.length) return;
    openSpot = (index + spots.length) % spots.length;
    chosen = spots[openSpot];
    reveal(data.rows[chosen[ROW]], "spot " + (openSpot + 1) + " of " + spots.length + " · keys ← → and Esc");
  }

  const step = (by) => chosen ? showSpot(openSpot + by) : show(open + by);

  function reveal(row, place) {
    $("large-verdict").className = "pill " + row.verdict;
    $("large-verdict").textContent = NAMES[row.verdict] || row.verdict;
    $("large-name").textContent = row.image;
    $("large-place").textContent = place;
    stage($("stage-plain"), row, false);
    stage($("stage-heat"), row, true);
    $("large-facts").replaceChildren(facts(row));
    strength();
    if (!$("large").open) $("large").showModal();
  }

  const orders = {
    size: length, name: (spot) => spot[NAME] || "", region: (spot) => spot[REGION] || "", area: (spot) => spot[AREA_MM] === null ? spot[AREA] : spot[AREA_MM],
    peak: (spot) => spot[PEAK], image: (spot) => data.rows[spot[ROW]].image,
  };

  function compareSpots(a, b) {
    const x = orders[seen.sort](a), y = orders[seen.sort](b);
    const order = typeof x === "number" ? x - y : natural.compare(x, y);
    return (seen.up ? order : -order) || length(b) - length(a);
  }

  const named = (asked, name) => !asked || (asked === "-" ? name === null : name === asked);

  function searchSpots() {
    spots = data.spots.list.filter((spot) => named(seen.name, spot[NAME]) && named(seen.region, spot[REGION]) && length(spot) >= seen.least).sort(compareSpots);
    seen.page = 0;
    renderSpots();
  }

  function spotLine(spot, index) {
    const tr = make("tr"), row = data.rows[spot[ROW]], button = make("button", "link", long(spot));
    button.type = "button";
    button.setAttribute("aria-label", "Show the spot of " + long(spot) + " in " + row.image);
    button.addEventListener("click", (event) => { event.stopPropagation(); showSpot(index); });
    const cut = row.image.lastIndexOf("/");
    tr.append(
      cell("size", button, spot[EXTENT_MM] === null ? null : make("small", "", spot[EXTENT].toFixed(0) + " px")),
      cell("name", spot[NAME] || "–"), cell("region", spot[REGION] || "–"), cell("place", where(spot)), cell("area", wide(spot)),
      cell("peak", score(spot[PEAK])),
      cell("file", make("b", "", row.image.slice(cut + 1)), make("small", "", (row.part ? "part " + row.part + " · " : "") + row.verdict)));
    tr.addEventListener("click", () => showSpot(index));
    return tr;
  }

  function renderSpots(printing) {
    const size = printing ? PRINTED : PAGE, pages = Math.max(1, Math.ceil(spots.length / PAGE)), start = printing ? 0 : seen.page * PAGE;
    $("spot-rows").replaceChildren(...spots.slice(start, start + size).map((spot, i) => spotLine(spot, start + i)));
    $("spot-empty").hidden = spots.length > 0;
    $("spot-count").textContent = spots.length.toLocaleString("en") + " of " + data.spots.list.length.toLocaleString("en");
    $("spot-page").textContent = "page " + (seen.page + 1) + " of " + pages;
    $("spot-back").disabled = seen.page === 0;
    $("spot-next").disabled = seen.page >= pages - 1;
    $("spot-pages").hidden = pages === 1;
    document.querySelectorAll("[data-by]").forEach((button) => button.parentElement.setAttribute("aria-sort",
      button.dataset.by === seen.sort ? (seen.up ? "ascending" : "descending") : "none"));
  }

  function spotsPanel() {
    $("spot-name").addEventListener("change", (event) => { seen.name = event.target.value; searchSpots(); });
    $("spot-region").addEventListener("change", (event) => { seen.region = event.target.value; searchSpots(); });
    $("spot-size").addEventListener("input", (event) => { seen.least = Number(event.target.value) || 0; searchSpots(); });
    document.querySelectorAll("[data-by]").forEach((button) => button.addEventListener("click", () => {
      const key = button.dataset.by;
      seen.up = key === seen.sort ? !seen.up : !["size", "area", "peak"].includes(key);
      seen.sort = key;
      searchSpots();
    }));
    $("spot-back").addEventListener("click", () => { seen.page--; renderSpots(); });
    $("spot-next").addEventListener("click", () => { seen.page++; renderSpots(); });
    searchSpots();
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
  document.querySelectorAll("[data-sort]").forEach((button) => button.addEventListener("click", () => {
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
  $("large-back").addEventListener("click", () => step(-1));
  $("large-next").addEventListener("click", () => step(1));
  $("strength").addEventListener("input", strength);
  $("large").addEventListener("click", (event) => { if (event.target === $("large")) $("large").close(); });
  document.addEventListener("keydown", (event) => {
    if (!$("large").open || event.target === $("strength")) return;
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });
  window.addEventListener("beforeprint", () => {
    render(true);
    if (data.spots.list.length) {
      renderSpots(true);
      $("spot-printed").hidden = spots.length <= PRINTED;
      $("spot-printed").textContent = "Printed are the first " + PRINTED + " of " + spots.length.toLocaleString("en") + " spots.";
    }
    $("printed").hidden = found.length <= PRINTED;
    $("printed").textContent = "Printed are the first " + PRINTED + " of " + found.length.toLocaleString("en") + " pictures.";
  });
  window.addEventListener("afterprint", () => { $("printed").hidden = true; render(); if (data.spots.list.length) { $("spot-printed").hidden = true; renderSpots(); } });
  scale();
  search();
  if (data.spots.list.length) spotsPanel();
})();
