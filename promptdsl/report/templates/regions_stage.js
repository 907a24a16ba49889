// The picture with its places: drawn, zoomed, and changed by mouse, finger or pen.
const Stage = (() => {
  const { data, W, H, SHORT } = Shapes;
  const COLORS = ["#2f81f7", "#e8590c", "#2b9348", "#d6336c", "#7048e8", "#0b8ea3", "#c99700", "#a0522d"];
  const stage = document.getElementById("stage"), view = { x: 0, y: 0, scale: 1 }; // scale: of the screen's pixels to the picture's
  const svg = (tag, attributes, ...inside) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    Object.entries(attributes || {}).forEach(([name, value]) => element.setAttribute(name, value));
    element.append(...inside);
    return element;
  };
  const layers = { image: svg("image", { width: W, height: H, href: "data:image/jpeg;base64," + data.image, preserveAspectRatio: "none" }), defs: svg("defs"), places: svg("g"), draft: svg("g"), handles: svg("g"), pointer: svg("rect", { class: "patch" }) };
  stage.append(...Object.values(layers));
  const box = () => stage.getBoundingClientRect();
  const fitting = () => Math.min(box().width / W, box().height / H);
  const color = (places, place) => place.kind === "ignore" ? "#f1f3f5" : COLORS[places.filter((one) => one.kind === "region").indexOf(place) % COLORS.length];

  // The view.
  function fit() {
    const scale = 0.96 * fitting();
    look(scale, W / 2 - box().width / scale / 2, H / 2 - box().height / scale / 2);
  }
  function look(scale, x, y) {
    view.scale = Math.min(Math.max(scale, 0.5 * fitting()), 40);
    const width = box().width / view.scale, height = box().height / view.scale;
    view.x = Math.min(Math.max(x, -width / 2), W - width / 2);
    view.y = Math.min(Math.max(y, -height / 2), H - height / 2);
    stage.setAttribute("viewBox", `${view.x} ${view.y} ${width} ${height}`);
    render();
  }
  function zoom(factor, at) {
    const r = box(), spot = at || { x: view.x + r.width / view.scale / 2, y: view.y + r.height / view.scale / 2 };
    const scale = Math.min(Math.max(view.scale * factor, 0.5 * fitting()), 40), k = view.scale / scale;
    look(scale, spot.x - (spot.x - view.x) * k, spot.y - (spot.y - view.y) * k);
  }
  const place = (event) => { const r = box(); return { x: view.x + (event.clientX - r.left) / view.scale, y: view.y + (event.clientY - r.top) / view.scale }; };
  const middle = () => { const r = box(); return { x: Math.min(Math.max(view.x + r.width / view.scale / 2, 0), W), y: Math.min(Math.max(view.y + r.height / view.scale / 2, 0), H) }; };

  // Drawing.
  function render() {
    const { places, selected, draft } = Editor.state, u = 1 / view.scale;
    layers.defs.replaceChildren(hatch(u));
    layers.places.replaceChildren(...places.flatMap((one, i) => drawnPlace(one, i, places, selected, u)));
    layers.draft.replaceChildren(...(draft ? drawnDraft(draft, u) : []));
    layers.handles.replaceChildren(...(selected && !draft ? handles(selected, u) : []));
    document.getElementById("zoom").textContent = Math.round(100 * view.scale * window.devicePixelRatio) + " %";
  }
  const hatch = (u) => svg("pattern", { id: "hatch", patternUnits: "userSpaceOnUse", width: 10 * u, height: 10 * u, patternTransform: "rotate(45)" },
    svg("rect", { width: 10 * u, height: 10 * u, fill: "#111", "fill-opacity": 0.28 }), svg("line", { x1: 0, y1: 0, x2: 0, y2: 10 * u, stroke: "#fff", "stroke-width": 5 * u, "stroke-opacity": 0.5 }));
  function drawnPlace(one, i, places, selected, u) {
    const tone = color(places, one), mask = svg("mask", { id: "cut" + i, maskUnits: "userSpaceOnUse", x: 0, y: 0, width: W, height: H }, svg("rect", { width: W, height: H, fill: "#fff" }));
    one.without.forEach((shape) => mask.append(filled(shape, "#000")));
    layers.defs.append(mask);
    const fill = svg("g", { mask: `url(#cut${i})`, opacity: one.kind === "ignore" ? 1 : 0.26 });
    one.shapes.forEach((shape) => fill.append(filled(shape, one.kind === "ignore" ? "url(#hatch)" : tone)));
    const lines = one.shapes.map((shape) => [shape, false]).concat(one.without.map((shape) => [shape, true])).flatMap(([shape, cut]) => outlines(shape, cut, tone, selected && selected.shape === shape));
    return [fill, ...lines, label(one, tone, u)];
  }
  function filled(shape, fill) {
    if (shape.kind !== "mask") return svg("path", { d: Shapes.outline(shape), fill, "fill-rule": "evenodd" });
    const png = data.masks[shape.path].png;
    return png ? svg("image", { width: W, height: H, href: "data:image/png;base64," + png, preserveAspectRatio: "none" }) : svg("g");
  }
  function outlines(shape, cut, tone, chosen) {
    if (shape.kind === "mask") return [];
    const d = Shapes.outline(shape), dashes = cut ? { "stroke-dasharray": "6 4" } : {}, wide = chosen ? 3 : 2;
    return [svg("path", { d, class: "halo", "stroke-width": wide + 1.6 }), svg("path", { d, class: "edge", stroke: tone, "stroke-width": wide, ...dashes }),
      svg("path", { d, class: "hit", "data-shape": shape.id, "fill-rule": "evenodd" })];
  }
  function label(one, tone, u) {
    const first = one.shapes.find((shape) => shape.kind !== "mask");
    if (!first) return svg("g");
    const [at, top] = topOf(first), wide = box().width * u, share = (at - view.x) / wide;
    const x = Math.min(Math.max(at, view.x + 4 * u), view.x + wide - 4 * u), y = Math.max(top - 8 * u, view.y + 15 * u);
    const text = one.kind === "ignore" ? "ignored: " + one.name : one.name;
    return svg("text", { x, y, class: "label", "text-anchor": share > 0.8 ? "end" : share < 0.2 ? "start" : "middle", "font-size": 13 * u, stroke: one.kind === "ignore" ? "#343a40" : tone, "stroke-width": 5 }, text);
  }
  function topOf(shape) { // where its label stands
    const b = Shapes.bounds(shape);
    return shape.kind === "polygon" ? Shapes.points(shape).reduce((a, p) => p[1] < a[1] ? p : a) : [(b.left + b.right) / 2, b.top];
  }
  function drawnDraft(draft, u) {
    if (draft.points) {
      const d = "M" + draft.points.map((p) => `${p.x} ${p.y}`).join("L") + (draft.at ? `L${draft.at.x} ${draft.at.y}` : "");
      return [svg("path", { d, class: "halo", "stroke-width": 4 }), svg("path", { d, class: "edge", stroke: "#fff", "stroke-width": 2 }),
        ...draft.points.map((p, i) => svg("circle", { cx: p.x, cy: p.y, r: (i ? 4 : 7) * u, class: i ? "vertex" : "vertex first" }))];
    }
    const d = Shapes.outline(draft.shape);
    return [svg("path", { d, class: "halo", "stroke-width": 4 }), svg("path", { d, class: "edge", stroke: "#fff", "stroke-width": 2, "stroke-dasharray": "5 4" })];
  }
  function grips(shape) { // [name, x, y] of what can be dragged
    const v = Shapes.pixels(shape);
    if (shape.kind === "box") return [0, 0.5, 1].flatMap((fx) => [0, 0.5, 1].map((fy) => [`${fx} ${fy}`, v[0] + fx * v[2], v[1] + fy * v[3]])).filter(([name]) => name !== "0.5 0.5");
    if (shape.kind === "circle" || shape.kind === "ring") return v.slice(2).flatMap((r, i) => [[1, 0], [0, 1], [-1, 0], [0, -1]].map(([dx, dy]) => [`r${i}`, v[0] + dx * r, v[1] + dy * r]));
    if (shape.kind !== "polygon") return [];
    const p = Shapes.points(shape);
    return p.map(([x, y], i) => [`p${i}`, x, y]).concat(p.map(([x, y], i) => { const [nx, ny] = p[(i + 1) % p.length]; return [`n${i}`, (x + nx) / 2, (y + ny) / 2]; }));
  }
  function handles(selected, u) {
    return grips(selected.shape).flatMap(([name, x, y]) => {
      const extra = name[0] === "n", chosen = name === "p" + selected.point;
      return [svg("circle", { cx: x, cy: y, r: (extra ? 3.5 : 5.5) * u, class: "grip" + (extra ? " extra" : "") + (chosen ? " chosen" : "") }),
        svg("circle", { cx: x, cy: y, r: (Editor.coarse() ? 20 : extra ? 8 : 11) * u, class: "hit", "data-grip": name, "data-shape": selected.shape.id })];
    });
  }
  function showPatch(at) {
    const on = data.patch && document.getElementById("patch").checked && at;
    layers.pointer.style.display = on ? "" : "none";
    if (!on) return;
    const [across, down] = data.patch;
    Object.entries({ x: at.x - across / 2, y: at.y - down / 2, width: across, height: down }).forEach(([name, value]) => layers.pointer.setAttribute(name, value));
  }

  // Gestures: each begins with `down`, and is given the place on the picture with every move.
  const down = new Map();
  let gesture = null;
  const under = (event) => document.elementsFromPoint(event.clientX, event.clientY).filter((one) => one.dataset && one.dataset.shape);
  function began(event) {
    if (event.pointerType === "mouse" && event.button > 1) return;
    event.preventDefault();
    stage.focus({ preventScroll: true });
    stage.setPointerCapture(event.pointerId);
    down.set(event.pointerId, event);
    if (down.size === 2) { if (gesture && gesture.cancel) gesture.cancel(); gesture = pinch(); return; }
    if (down.size > 2) return;
    const at = place(event), tool = event.button === 1 || Editor.state.space ? "hand" : Editor.state.tool;
    gesture = tool === "hand" ? pan(event) : tool === "select" ? choose(event, at) : tool === "polygon" ? corner(at) : draw(tool, at);
  }
  function went(event) {
    const at = place(event);
    if (down.has(event.pointerId)) down.set(event.pointerId, event);
    if (gesture && gesture.move) gesture.move(at, event);
    else if (Editor.state.draft && Editor.state.draft.points) { Editor.state.draft.at = inside(at); render(); }
    showPatch(at);
    Editor.tellPlace(at);
  }
  function ended(event) {
    if (!down.delete(event.pointerId)) return;
    const over = gesture;
    if (down.size === 0) gesture = null;
    if (over && over.end) over.end(place(event));
  }
  const inside = (at) => ({ x: Math.min(Math.max(at.x, 0), W), y: Math.min(Math.max(at.y, 0), H) });
  function pan(event) {
    const from = { ...view }, x = event.clientX, y = event.clientY;
    return { move: (_, now) => look(from.scale, from.x - (now.clientX - x) / from.scale, from.y - (now.clientY - y) / from.scale) };
  }
  function pinch() {
    const two = () => [...down.values()], gap = ([a, b]) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY), mid = ([a, b]) => ({ clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2 });
    const scale = view.scale, wide = gap(two()), spot = place(mid(two()));
    return { move: () => {
      if (down.size < 2) return;
      const now = mid(two()), r = box(), next = Math.min(Math.max(scale * gap(two()) / wide, 0.5 * fitting()), 40);
      look(next, spot.x - (now.clientX - r.left) / next, spot.y - (now.clientY - r.top) / next);
    } };
  }
  function choose(event, at) {
    const hits = under(event), grip = hits.find((one) => one.dataset.grip);
    if (grip) return drag(grip.dataset.grip, at);
    const ids = hits.map((one) => Number(one.dataset.shape)), own = Editor.state.selected;
    if (!ids.length) { Editor.select(null); return pan(event); }
    const area = (id) => { const b = Shapes.bounds(Editor.find(id).shape); return (b.right - b.left) * (b.bottom - b.top); };
    Editor.select(own && ids.includes(own.shape.id) ? own.shape.id : ids.sort((a, b) => area(a) - area(b))[0]);
    return drag("move", at);
  }
  function drag(name, start) {
    const { shape } = Editor.state.selected, from = Shapes.pixels(shape), done = Editor.change();
    let kind = name, base = from;
    if (name[0] === "n") { // a corner more, between two
      const i = Number(name.slice(1)) + 1;
      base = [...from.slice(0, 2 * i), start.x, start.y, ...from.slice(2 * i)];
      kind = "p" + i;
    }
    if (kind[0] === "p") Editor.state.selected.point = Number(kind.slice(1)); else Editor.state.selected.point = null;
    const move = (at) => { reshape(shape, kind, base, start, at); Editor.tellSize(shape); Editor.redraw(); };
    if (kind !== name) move(start);
    return { move, end: done, cancel: done };
  }
  function reshape(shape, kind, from, start, at) {
    if (kind === "move") { Shapes.moved(shape, from, at.x - start.x, at.y - start.y); return; }
    const to = inside(at), next = [...from];
    if (kind[0] === "p") { const i = 2 * Number(kind.slice(1)); next[i] = to.x; next[i + 1] = to.y; }
    else if (kind[0] === "r") {
      const i = 2 + Number(kind.slice(1)), r = Math.hypot(at.x - from[0], at.y - from[1]);
      next[i] = Math.max(1, shape.kind !== "ring" ? r : i === 2 ? Math.min(r, from[3] - 1) : Math.max(r, from[2] + 1));
    } else {
      const [fx, fy] = kind.split(" ").map(Number), edges = (low, length, f, value) => f === 0.5 ? [low, low + length] : f === 0 ? [value, low + length] : [low, value];
      const [x0, x1] = edges(from[0], from[2], fx, to.x).sort((a, b) => a - b), [y0, y1] = edges(from[1], from[3], fy, to.y).sort((a, b) => a - b);
      next.splice(0, 4, x0, y0, Math.max(1, x1 - x0), Math.max(1, y1 - y0));
    }
    Shapes.write(shape, next);
  }
  function sized(tool, a, b) { // a box between two places, or what lies round the first
    const r = Math.max(1, Math.hypot(b.x - a.x, b.y - a.y));
    if (tool === "box") return [Math.min(a.x, b.x), Math.min(a.y, b.y), Math.abs(b.x - a.x), Math.abs(b.y - a.y)];
    return tool === "circle" ? [a.x, a.y, r] : [a.x, a.y, 0.7 * r, r];
  }
  function draw(tool, at) {
    const start = inside(at), shape = Shapes.make(tool, sized(tool, start, start), Editor.unit());
    return {
      move: (now) => { Shapes.write(shape, sized(tool, start, inside(now))); Editor.state.draft = { shape }; Editor.tellSize(shape); render(); },
      end: (now) => {
        Editor.state.draft = null;
        const far = Math.hypot(now.x - start.x, now.y - start.y) * view.scale > 6;
        Editor.add(far ? shape : ready(tool, start));
      },
      cancel: () => { Editor.state.draft = null; render(); },
    };
  }
  function ready(tool, at) { // a shape of a usual size, for a tap or for Enter
    const r = 0.15 * Math.min(SHORT, box().width / view.scale, box().height / view.scale), x = Math.min(Math.max(at.x, r), W - r), y = Math.min(Math.max(at.y, r), H - r);
    const values = { box: [x - r, y - r, 2 * r, 2 * r], circle: [x, y, r], ring: [x, y, 0.7 * r, r], polygon: [x, y - r, x + r, y, x, y + r, x - r, y] };
    return Shapes.make(tool, values[tool], Editor.unit());
  }
  function corner(at) {
    const draft = Editor.state.draft || { points: [] }, spot = inside(at), first = draft.points[0];
    const near = (p) => p && Math.hypot(p.x - spot.x, p.y - spot.y) * view.scale < (Editor.coarse() ? 22 : 11);
    if (draft.points.length > 2 && (near(first) || near(draft.points[draft.points.length - 1]))) { close(); return null; }
    if (near(draft.points[draft.points.length - 1])) return null;
    draft.points.push(spot);
    Editor.state.draft = draft;
    render();
    return { move: (now) => { draft.points[draft.points.length - 1] = inside(now); render(); }, cancel: () => { draft.points.pop(); render(); } };
  }
  function close() {
    const draft = Editor.state.draft;
    if (!draft || !draft.points) return;
    Editor.state.draft = null;
    if (draft.points.length > 2) Editor.add(Shapes.make("polygon", draft.points.flatMap((p) => [p.x, p.y]), Editor.unit()));
    else render();
  }

  stage.addEventListener("pointerdown", began);
  stage.addEventListener("pointermove", went);
  stage.addEventListener("pointerup", ended);
  stage.addEventListener("pointercancel", ended);
  stage.addEventListener("pointerleave", () => { showPatch(null); Editor.tellPlace(null); });
  stage.addEventListener("wheel", (event) => { event.preventDefault(); zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), place(event)); }, { passive: false });
  stage.addEventListener("contextmenu", (event) => event.preventDefault());
  new ResizeObserver(fit).observe(stage);
  return { render, fit, zoom, close, ready, middle, color };
})();
