// What is drawn, its history, the list beside the picture and the lines to paste.
const Editor = (() => {
  const { data, W, H } = Shapes, $ = (id) => document.getElementById(id);
  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const button = (className, text, title, action) => {
    const element = make("button", className, text);
    element.type = "button";
    element.setAttribute("aria-label", title);
    element.title = title;
    element.addEventListener("click", action);
    return element;
  };
  const known = (shape) => ({ id: Shapes.fresh(), kind: shape.kind, lengths: shape.lengths, path: shape.path });
  const state = {
    places: data.places.map((one) => ({ id: Shapes.fresh(), kind: one.kind, name: one.name, shapes: one.shapes.map(known), without: one.without.map(known) })),
    selected: null, draft: null, tool: "select", space: false, into: null,
  };
  const past = [], future = [];
  let copied = true;

  // History: a change is what lies between `change()` and the call of what it gives.
  const snapshot = () => JSON.stringify(state.places.map(({ id, kind, name, shapes, without }) => ({ id, kind, name, shapes, without })));
  function change() {
    const before = snapshot();
    return () => {
      if (snapshot() !== before) { past.push(before); future.length = 0; copied = false; }
      update();
    };
  }
  function changed(action) { const done = change(); action(); done(); }
  function restore(from, to) {
    if (!from.length) return;
    to.push(snapshot());
    const chosen = state.selected && state.selected.shape.id;
    state.places = JSON.parse(from.pop());
    state.draft = null;
    copied = false;
    select(chosen && find(chosen) ? chosen : null);
  }
  function find(id) {
    for (const place of state.places) for (const list of [place.shapes, place.without]) {
      const shape = list.find((one) => one.id === id);
      if (shape) return { place, list, shape, point: null };
    }
    return null;
  }
  function select(id) { state.selected = id === null ? null : find(id); update(); }

  // Changes.
  function freeName() { for (let i = 1; ; i++) if (!state.places.some((place) => place.name === "region_" + i)) return "region_" + i; }
  function add(shape) {
    const target = state.into || { kind: $("into").value }, isNew = !target.place;
    changed(() => {
      if (isNew) {
        const place = { id: Shapes.fresh(), kind: target.kind, name: target.kind === "region" ? freeName() : "", shapes: [shape], without: [] };
        state.places.push(place);
      } else state.places.find((place) => place.id === target.place)[target.list].push(shape);
    });
    state.into = null;
    state.tool = "select";
    select(shape.id);
    const input = document.querySelector(`#places [data-place="${state.selected.place.id}"] .name`);
    if (isNew && input && !coarse()) { input.focus({ preventScroll: true }); input.select(); }
    say(`${shape.kind} added`);
  }
  function remove(id) {
    const { place, list } = find(id);
    changed(() => {
      list.splice(list.findIndex((one) => one.id === id), 1);
      if (!place.shapes.length) state.places = state.places.filter((one) => one !== place);
      state.selected = null;
    });
    say("deleted");
  }
  function removeChosen() {
    const { selected } = state;
    if (!selected) return;
    const p = selected.shape.kind === "polygon" ? Shapes.pixels(selected.shape) : [];
    if (selected.point === null || selected.point === undefined || p.length <= 6) { remove(selected.shape.id); return; }
    changed(() => { const i = 2 * selected.point; selected.shape.lengths.splice(i, 2); selected.point = null; });
  }
  function twin() {
    if (!state.selected || state.selected.shape.kind === "mask") return;
    const { shape, list } = state.selected, copy = { ...JSON.parse(JSON.stringify(shape)), id: Shapes.fresh() };
    changed(() => { Shapes.moved(copy, Shapes.pixels(copy), 0.03 * W, 0.03 * W); list.push(copy); });
    select(copy.id);
  }
  function nudge(dx, dy) {
    const { shape, point } = state.selected;
    if (shape.kind === "mask") return;
    changed(() => {
      const v = Shapes.pixels(shape);
      if (point === null || point === undefined) { Shapes.moved(shape, v, dx, dy); return; }
      v[2 * point] = Math.min(Math.max(v[2 * point] + dx, 0), W);
      v[2 * point + 1] = Math.min(Math.max(v[2 * point + 1] + dy, 0), H);
      Shapes.write(shape, v);
    });
  }

  // The list. While something in it is pressed it stays as it is, or the click would be lost.
  let pressing = false, late = false;
  function release() { pressing = false; if (late) setTimeout(() => { late = false; list(); }); }
  function list() {
    if (pressing) { late = true; return; }
    const focused = document.activeElement && document.activeElement.dataset.key;
    $("places").replaceChildren(...state.places.map(card));
    $("none").hidden = state.places.length > 0;
    const again = focused && document.querySelector(`[data-key="${CSS.escape(focused)}"]`);
    if (again) again.focus({ preventScroll: true });
  }
  function card(place) {
    const own = state.selected && state.selected.place === place, box = make("section", "place" + (own ? " own" : "") + (place.kind === "ignore" ? " ignored" : ""));
    box.dataset.place = place.id;
    box.style.setProperty("--tone", Stage.color(state.places, place));
    box.append(heading(place), chips(place), ...(own && state.selected.shape.kind !== "mask" ? [fields(state.selected.shape)] : []));
    box.append(make("ul", "notes"));
    note(place, box);
    return box;
  }
  function note(place, box) {
    const told = place.problems.map((one) => make("li", one.level, one.text));
    if (place.extent && place.extent.area) told.push(make("li", "fact", facts(place)));
    box.querySelector(".notes").replaceChildren(...told);
  }
  function facts(place) {
    const share = 100 * place.extent.area / (W * H), s = data.scale;
    return `${Shapes.size(place.extent.width, place.extent.height)}, ${share.toFixed(share < 1 ? 2 : 1)} % of the picture` + (s ? `, ${Shapes.digits(place.extent.area * s * s)} mm2` : "");
  }
  function heading(place) {
    const row = make("div", "first"), kind = make("select"), name = make("input", "name");
    [["region", "region"], ["ignore", "ignore"]].forEach(([value, text]) => { const option = make("option", "", text); option.value = value; kind.append(option); });
    kind.value = place.kind;
    kind.setAttribute("aria-label", "Region, or ignored place");
    kind.dataset.key = "kind" + place.id;
    kind.addEventListener("change", () => changed(() => { place.kind = kind.value; }));
    name.value = place.name;
    name.placeholder = place.kind === "ignore" ? "why, such as: serial number" : "name, such as: lip";
    name.setAttribute("aria-label", place.kind === "ignore" ? "Why it is ignored" : "Name of the region");
    name.spellcheck = false;
    name.autocomplete = "off";
    name.dataset.key = "name" + place.id;
    const done = { now: null };
    name.addEventListener("focus", () => { done.now = change(); });
    name.addEventListener("input", () => { place.name = name.value; copied = false; judge(); Stage.render(); write(); state.places.forEach((one) => note(one, document.querySelector(`[data-place="${one.id}"]`))); });
    name.addEventListener("keydown", (event) => { if (event.key === "Enter") { name.blur(); $("stage").focus({ preventScroll: true }); } });
    name.addEventListener("change", () => { if (done.now) done.now(); });
    row.append(make("span", "swatch"), kind, name, button("tiny", "✕", "Delete this place", () => { changed(() => { state.places = state.places.filter((one) => one !== place); state.selected = null; }); say("deleted"); }));
    return row;
  }
  function chips(place) {
    const row = make("div", "chips");
    [["shapes", ""], ["without", "− "]].forEach(([list, sign]) => place[list].forEach((shape) => {
      const chip = button("chip" + (list === "without" ? " cut" : ""), sign + shape.kind, (list === "without" ? "Cut out: " : "Select: ") + shape.kind, () => select(shape.id));
      chip.setAttribute("aria-pressed", Boolean(state.selected && state.selected.shape === shape));
      chip.dataset.key = "chip" + shape.id;
      row.append(chip);
    }));
    row.append(button("tiny", "+ add", "Add a shape to it", () => aim(place, "shapes")), button("tiny", "− cut out", "Cut a shape out of it", () => aim(place, "without")));
    return row;
  }
  function aim(place, list) {
    state.into = { place: place.id, list };
    tool(lastTool);
    say(list === "shapes" ? "draw the shape to add" : "draw what is to be cut out");
  }
  function fields(shape) {
    const box = make("div", "fields"), names = Shapes.NAMES[shape.kind], unit = make("select");
    shape.lengths.forEach(([value, own], i) => {
      const field = make("label", "", names ? names[i] : (i % 2 ? "y" : "x") + (i / 2 + 1 | 0)), input = make("input");
      input.type = "number";
      input.step = "any";
      input.value = Shapes.plain(value);
      input.dataset.key = "f" + shape.id + "." + i;
      input.addEventListener("change", () => changed(() => { if (input.value !== "") shape.lengths[i] = [Number(input.value), own]; }));
      field.append(input, make("span", "unit", own));
      box.append(field);
    });
    [["px", "in px"], ["%", "in %"]].forEach(([value, text]) => { const option = make("option", "", text); option.value = value; unit.append(option); });
    unit.value = Shapes.unitOf(shape);
    unit.setAttribute("aria-label", "Unit of this shape");
    unit.dataset.key = "u" + shape.id;
    unit.addEventListener("change", () => changed(() => Shapes.convert(shape, unit.value)));
    const row = make("div", "row");
    row.append(unit, button("tiny", "duplicate", "Duplicate this shape (D)", twin), button("tiny", "delete", "Delete this shape (Delete)", () => remove(shape.id)));
    box.append(row);
    return box;
  }

  // Sentences and lines.
  function judge() {
    state.places.forEach((place) => { place.problems = Shapes.problems(place, state.places); });
    const wrong = state.places.flatMap((place) => place.problems.filter((one) => one.level === "error").map((one) => `${place.kind === "ignore" ? "ignore" : place.name || "a region"}: ${one.text}`));
    $("mistakes").hidden = !wrong.length;
    $("mistakes").querySelector("b").textContent = wrong.length === 1 ? "One thing that promptdsl check would not accept" : `${wrong.length} things that promptdsl check would not accept`;
    $("mistakes").querySelector("ul").replaceChildren(...wrong.slice(0, 20).map((text) => make("li", "", text)));
  }
  function write() {
    const text = Shapes.lines(state.places), region = state.places.find((place) => place.kind === "region" && place.name);
    $("lines").value = text || "  # nothing is drawn yet\n";
    $("lines").rows = Math.min(24, Math.max(3, text.split("\n").length));
    $("rule").hidden = !region;
    if (region) $("rule").querySelector("code").textContent = `reject when spot above 0.70 in ${region.name} >= auto`;
    $("copy").disabled = !text;
  }
  function tools() {
    document.querySelectorAll("[data-tool]").forEach((one) => one.setAttribute("aria-pressed", one.dataset.tool === state.tool));
    $("undo").disabled = !past.length;
    $("redo").disabled = !future.length;
    $("stage").dataset.tool = state.tool;
    const target = state.into && state.places.find((place) => place.id === state.into.place), drawing = Shapes.KINDS.includes(state.tool);
    $("aim").hidden = !drawing;
    $("into").hidden = Boolean(target);
    $("aimed").textContent = !target ? "Draw" : (state.into.list === "shapes" ? "Add to " : "Cut out of ") + (target.name || "it");
    $("how").textContent = { select: "Click a shape to move it or to drag its corners. Drag the picture to pan, turn the wheel to zoom.", box: "Drag from one corner to the other; a click puts a box of usual size.", circle: "Drag from the centre outwards.", ring: "Drag from the centre to the outer edge; then drag the inner one.", polygon: "Click corner after corner; click the first one, or press Enter, to close.", hand: "Drag to pan, turn the wheel to zoom." }[state.tool];
  }
  let lastTool = "box";
  function tool(name) {
    if (name !== "polygon") state.draft = null;
    if (Shapes.KINDS.includes(name)) lastTool = name; else state.into = null;
    state.tool = name;
    tools();
    Stage.render();
  }
  function update() { judge(); list(); write(); tools(); Stage.render(); }
  let waits = false;
  function redraw() { // while something is dragged
    Stage.render();
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => { waits = false; judge(); list(); write(); });
  }
  const say = (text) => { $("said").textContent = text; };
  const tellPlace = (at) => { $("where").textContent = !at || at.x < 0 || at.y < 0 || at.x > W || at.y > H ? "" : `x ${Math.floor(at.x)}, y ${Math.floor(at.y)} px`; };
  const tellSize = (shape) => { const b = Shapes.bounds(shape); say(Shapes.size(b.right - b.left, b.bottom - b.top)); };
  const coarse = () => window.matchMedia("(pointer: coarse)").matches;
  const unit = () => $("unit").value;

  async function copy() {
    const area = $("lines");
    try { await navigator.clipboard.writeText(area.value); } catch { area.focus(); area.select(); document.execCommand("copy"); }
    copied = true;
    $("copy").textContent = "Copied";
    say("the lines are in the clipboard");
    setTimeout(() => { $("copy").textContent = "Copy"; }, 1600);
  }

  const KEYS = { v: "select", b: "box", c: "circle", r: "ring", p: "polygon", h: "hand" };
  const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  function pressed(event) {
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) && event.target.type !== "checkbox") return;
    const key = event.key, drawing = Shapes.KINDS.includes(state.tool), onButton = event.target.tagName === "BUTTON" || event.target.tagName === "SUMMARY";
    const act = (action) => { event.preventDefault(); action(); };
    if (event.ctrlKey || event.metaKey) {
      if (key.toLowerCase() === "z") act(() => event.shiftKey ? restore(future, past) : restore(past, future));
      if (key.toLowerCase() === "y") act(() => restore(future, past));
      return;
    }
    if (event.altKey) return;
    if (MOVES[key] && state.selected) act(() => nudge(...MOVES[key].map((step) => step * (event.shiftKey ? 10 : 1))));
    else if (key === "Delete" || key === "Backspace") act(() => { if (state.draft && state.draft.points) { state.draft.points.pop(); if (!state.draft.points.length) state.draft = null; Stage.render(); } else removeChosen(); });
    else if (key === "Escape") act(() => { if (state.draft) { state.draft = null; Stage.render(); } else if (state.tool !== "select") tool("select"); else select(null); });
    else if (key === "Enter" && drawing && !onButton) act(() => state.draft ? Stage.close() : add(Stage.ready(state.tool, Stage.middle())));
    else if (key === " " && !onButton) act(() => { state.space = true; $("stage").classList.add("panning"); });
    else if (KEYS[key.toLowerCase()] && !event.shiftKey) act(() => tool(KEYS[key.toLowerCase()]));
    else if (key === "+" || key === "=") act(() => Stage.zoom(1.25));
    else if (key === "-") act(() => Stage.zoom(0.8));
    else if (key === "0") act(Stage.fit);
    else if (key.toLowerCase() === "d") act(twin);
  }

  function start() {
    document.querySelectorAll("[data-tool]").forEach((one) => one.addEventListener("click", () => tool(one.dataset.tool)));
    $("undo").addEventListener("click", () => restore(past, future));
    $("redo").addEventListener("click", () => restore(future, past));
    $("in").addEventListener("click", () => Stage.zoom(1.25));
    $("out").addEventListener("click", () => Stage.zoom(0.8));
    $("fit").addEventListener("click", Stage.fit);
    $("copy").addEventListener("click", copy);
    $("places").addEventListener("pointerdown", () => { pressing = true; });
    ["pointerup", "pointercancel"].forEach((name) => window.addEventListener(name, release));
    $("lines").addEventListener("copy", () => { copied = true; });
    document.addEventListener("keydown", pressed);
    document.addEventListener("keyup", (event) => { if (event.key === " ") { state.space = false; $("stage").classList.remove("panning"); } });
    window.addEventListener("beforeunload", (event) => { if (!copied) event.preventDefault(); });
    update();
    Shapes.loaded.then(update);
  }
  return { state, start, change, select, find, add, redraw, tellPlace, tellSize, coarse, unit };
})();
Editor.start();
Stage.fit();
