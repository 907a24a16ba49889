"use strict";
// Shapes as a spec writes them: `lengths` are [number, "px" | "%"]; across, down, or of the shorter side.
const Shapes = (() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { width: W, height: H } = data, SHORT = Math.min(W, H), RASTER = 320, MAX_WIDTH = 100;
  const AXES = { box: "xyxy", circle: "xyr", ring: "xyrr" };
  const NAMES = { box: ["left", "top", "width", "height"], circle: ["x", "y", "radius"], ring: ["x", "y", "inner", "outer"] };
  const KINDS = Object.keys(AXES).concat("polygon");
  const axis = (kind, i) => kind === "polygon" ? "xy"[i % 2] : AXES[kind][i];
  const side = (a) => a === "x" ? W : a === "y" ? H : SHORT;
  const plain = (value) => String(Number(value.toFixed(4)));
  const rounded = (px, unit, a) => unit === "px" ? Math.round(px) : Number((100 * px / side(a)).toFixed(side(a) > 1000 ? 2 : 1));

  const pixels = (shape) => shape.lengths.map(([value, unit], i) => unit === "%" ? value * side(axis(shape.kind, i)) / 100 : value);
  const unitOf = (shape) => shape.lengths.length ? shape.lengths[0][1] : "px";
  function write(shape, values) { // each number keeps its unit; points that are new have that of the first
    const unit = unitOf(shape);
    shape.lengths = values.map((px, i) => {
      const own = shape.lengths[i] ? shape.lengths[i][1] : unit;
      return [rounded(px, own, axis(shape.kind, i)), own];
    });
  }
  function make(kind, values, unit) {
    const shape = { id: fresh(), kind, lengths: values.map(() => [0, unit]), path: null };
    write(shape, values);
    return shape;
  }
  let last = 0;
  const fresh = () => ++last;
  const convert = (shape, unit) => {
    const values = pixels(shape);
    shape.lengths = values.map((px, i) => [rounded(px, unit, axis(shape.kind, i)), unit]);
  };

  function bounds(shape) {
    if (shape.kind === "mask") return { left: 0, top: 0, right: W, bottom: H };
    const v = pixels(shape);
    if (shape.kind === "box") return { left: v[0], top: v[1], right: v[0] + v[2], bottom: v[1] + v[3] };
    if (shape.kind === "polygon") {
      const x = v.filter((_, i) => i % 2 === 0), y = v.filter((_, i) => i % 2 === 1);
      return { left: Math.min(...x), top: Math.min(...y), right: Math.max(...x), bottom: Math.max(...y) };
    }
    const r = Math.max(...v.slice(2));
    return { left: v[0] - r, top: v[1] - r, right: v[0] + r, bottom: v[1] + r };
  }
  const disc = (x, y, r) => `M${x - r} ${y}A${r} ${r} 0 1 0 ${x + r} ${y}A${r} ${r} 0 1 0 ${x - r} ${y}Z`;
  function outline(shape) { // an SVG path, to be filled by the rule evenodd
    const v = pixels(shape);
    if (shape.kind === "box") return `M${v[0]} ${v[1]}h${v[2]}v${v[3]}h${-v[2]}Z`;
    if (shape.kind === "polygon") return v.length < 2 ? "" : "M" + points(shape).map(([x, y]) => `${x} ${y}`).join("L") + "Z";
    return v.slice(2).filter((r) => r > 0).map((r) => disc(v[0], v[1], r)).join("");
  }
  const points = (shape) => pixels(shape).reduce((all, value, i) => { if (i % 2) all[all.length - 1].push(value); else all.push([value]); return all; }, []);
  function moved(shape, from, dx, dy) { // from: its pixels before; it stays inside the picture where it fits
    write(shape, from);
    const b = bounds(shape), keep = (d, low, high, most) => high - low > most ? d : Math.min(Math.max(d, -low), most - high);
    const x = keep(dx, b.left, b.right, W), y = keep(dy, b.top, b.bottom, H), last = shape.kind === "polygon" ? from.length : 2;
    write(shape, from.map((value, i) => i < last ? value + (i % 2 ? y : x) : value));
  }

  // What is wrong with a shape or a place.
  const crosses = (a, b, c, d) => {
    const turn = (p, q, r) => Math.sign((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]));
    const on = (p, q, r) => Math.min(p[0], q[0]) <= r[0] && r[0] <= Math.max(p[0], q[0]) && Math.min(p[1], q[1]) <= r[1] && r[1] <= Math.max(p[1], q[1]);
    const [e, f, g, h] = [turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)];
    return (e !== f && g !== h) || (e === 0 && on(a, b, c)) || (f === 0 && on(a, b, d)) || (g === 0 && on(c, d, a)) || (h === 0 && on(c, d, b));
  };
  function crossed(shape) {
    const p = points(shape), n = p.length;
    for (let i = 0; i < n; i++) {
      for (let j = i + 2; j < n; j++) {
        if ((j + 1) % n !== i && crosses(p[i], p[i + 1], p[j], p[(j + 1) % n])) return true;
      }
    }
    return false;
  }
  const error = (text, shape) => ({ level: "error", text, shape }), warning = (text, shape) => ({ level: "warning", text, shape });
  function shapeProblem(shape) {
    const say = (text) => error(`${named(shape)} ${text}`, shape.id);
    if (shape.kind === "mask") return data.masks[shape.path].problem ? error(data.masks[shape.path].problem, shape.id) : null;
    const v = pixels(shape), b = bounds(shape);
    if (v.some((value) => !Number.isFinite(value))) return say("lacks a number");
    if (shape.kind === "polygon" && points(shape).length < 3) return say("needs three corners at least");
    if (shape.kind === "ring" && v[2] >= v[3]) return say("has an inner radius that is not below the outer one");
    if (!(b.right > b.left && b.bottom > b.top) || v.slice(2).some((value) => shape.kind !== "polygon" && !(value > 0))) return say("has no area");
    if (b.left >= W || b.top >= H || b.right <= 0 || b.bottom <= 0) return say(`lies outside of the picture of ${W} x ${H} px`);
    if (shape.kind === "polygon" && crossed(shape)) return say("crosses itself: move a corner");
    const beyond = Math.max(-b.left, -b.top, b.right - W, b.bottom - H);
    return beyond > 0.5 ? say(`reaches ${digits(Math.max(1, beyond))} px out of the picture`) : null;
  }
  const named = (shape) => shape.kind === "mask" ? `mask "${shape.path}"` : "this " + shape.kind;

  const raster = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  raster.canvas.width = raster.canvas.height = RASTER;
  const maskImages = {};
  function paint(shape, how) {
    raster.globalCompositeOperation = how;
    if (shape.kind !== "mask") raster.fill(new Path2D(outline(shape)), "evenodd");
    else if (maskImages[shape.path] && maskImages[shape.path].complete) raster.drawImage(maskImages[shape.path], 0, 0, W, H);
  }
  function extent(place) { // of what is inside the picture and not cut out, counted on a grid over it
    const all = place.shapes.map(bounds), limit = (name, least, f, edge) => least(edge, f(...all.map((b) => b[name])));
    const left = limit("left", Math.max, Math.min, 0), top = limit("top", Math.max, Math.min, 0);
    const right = limit("right", Math.min, Math.max, W), bottom = limit("bottom", Math.min, Math.max, H);
    if (!(right > left && bottom > top)) return { area: 0, width: 0, height: 0 };
    const sx = RASTER / (right - left), sy = RASTER / (bottom - top);
    raster.setTransform(1, 0, 0, 1, 0, 0);
    raster.clearRect(0, 0, RASTER, RASTER);
    raster.setTransform(sx, 0, 0, sy, -left * sx, -top * sy);
    place.shapes.forEach((shape) => paint(shape, "source-over"));
    place.without.forEach((shape) => paint(shape, "destination-out"));
    const alpha = raster.getImageData(0, 0, RASTER, RASTER).data;
    let count = 0, x0 = RASTER, x1 = -1, y0 = RASTER, y1 = -1;
    for (let y = 0; y < RASTER; y++) for (let x = 0; x < RASTER; x++) {
      if (alpha[4 * (y * RASTER + x) + 3] < 128) continue;
      count++; x0 = Math.min(x0, x); x1 = Math.max(x1, x); y0 = Math.min(y0, y); y1 = y;
    }
    return count ? { area: count / sx / sy, width: (x1 - x0 + 1) / sx, height: (y1 - y0 + 1) / sy } : { area: 0, width: 0, height: 0 };
  }
  function nameProblem(place, places) {
    if (place.kind === "ignore") return place.name.trim() ? null : error("say why it is ignored");
    if (!place.name) return error("a region needs a name");
    const name = place.name.toLowerCase().replace(/[^a-z0-9_]+/g, "_").replace(/^[^a-z]+|_+$/g, "");
    if (!new RegExp("^(?:" + data.naming + ")$").test(place.name)) return error("names are of small letters, digits and _" + (name ? `: write ${name}` : ""));
    if (data.taken.includes(place.name)) return error(`${place.name} is a word of the language: write ${place.name}_region`);
    return places.some((other) => other !== place && other.kind === "region" && other.name === place.name) ? error(`two regions are named ${place.name}`) : null;
  }
  function problems(place, places) {
    const found = [nameProblem(place, places), ...place.shapes.concat(place.without).map(shapeProblem)].filter(Boolean);
    place.extent = null;
    if (!place.shapes.length) return found.concat(error("draw a shape: it has none"));
    if (found.some((one) => one.shape)) return found;
    place.extent = extent(place);
    if (!place.extent.area) return found.concat(error("it is empty: everything is cut out of it"));
    if (!data.patch || place.kind === "ignore") return found;
    const [across, down] = data.patch, [least, low] = data.least, { width, height } = place.extent, ring = thinnest(place), patch = `a patch of the model is ${size(across, down)}`;
    if (width < least && height < low) found.push(error(`it is smaller than the least that the model tells apart, ${size(least, low)}`));
    else if (width < across || height < down) found.push(warning(`it is narrower than a patch: ${patch}, and what lies beside counts too`));
    else if (ring < Math.max(across, down)) found.push(warning(`the ring is ${Math.round(ring)} px wide: ${patch}, and what lies beside counts too`));
    return found;
  }
  const thinnest = (place) => Math.min(Infinity, ...place.shapes.filter((s) => s.kind === "ring").map((s) => { const v = pixels(s); return v[3] - v[2]; }));
  const digits = (value) => value >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
  const size = (across, down) => `${digits(across)} x ${digits(down)} px` + (data.scale ? ` (${digits(across * data.scale)} x ${digits(down * data.scale)} mm)` : "");

  // The lines of a spec, as `promptdsl fmt` lays them out.
  const long = ([value, unit]) => plain(value) + (unit === "%" ? "%" : " px");
  function values(shape) {
    if (shape.kind === "mask") return [JSON.stringify(shape.path)];
    const all = shape.lengths.map(long);
    if (shape.kind === "box") return [all.join(" ")];
    if (shape.kind === "circle") return [all[0] + " " + all[1], all[2]];
    if (shape.kind === "ring") return [all[0] + " " + all[1], all[2] + " to " + all[3]];
    return all.filter((_, i) => i % 2 === 0).map((x, i) => x + " " + all[2 * i + 1]);
  }
  const fits = (text, depth) => 2 * depth + [...text].length <= MAX_WIDTH;
  function shapeLines(shape, depth) {
    const flat = `${shape.kind}: ${values(shape).join(", ")}`;
    if (fits(flat, depth)) return [[depth, flat]];
    return values(shape).map((value, i, all) => [depth + (i ? 1 : 0), (i ? "" : shape.kind + ": ") + value + (i < all.length - 1 ? "," : "")]);
  }
  function block(head, rows, flat, depth) {
    if (flat !== null && fits(flat, depth)) return [[depth, flat]];
    return [[depth, head + " {"], ...rows(depth + 1), [depth, "}"]];
  }
  const inOne = (head, shapes) => shapes.length === 1 ? `${head} { ${shapes[0].kind}: ${values(shapes[0]).join(", ")} }` : null;
  function placeLines(place, depth) {
    const head = place.kind === "ignore" ? "ignore " + quoted(place.name.trim()) : "region " + place.name;
    const cut = (d) => place.without.length ? block("except", (e) => place.without.flatMap((s) => shapeLines(s, e)), inOne("except", place.without), d) : [];
    return block(head, (d) => [...place.shapes.flatMap((s) => shapeLines(s, d)), ...cut(d)], place.without.length ? null : inOne(head, place.shapes), depth);
  }
  const quoted = (text) => '"' + text.replace(/\\/g, "\\\\").replace(/"/g, '\\"') + '"';
  const lines = (places) => places.filter((place) => place.shapes.length).flatMap((place) => placeLines(place, 1)).map(([depth, text]) => "  ".repeat(depth) + text).join("\n") + (places.length ? "\n" : "");

  Object.entries(data.masks).forEach(([path, mask]) => {
    if (!mask.png) return;
    maskImages[path] = new Image();
    maskImages[path].src = "data:image/png;base64," + mask.png;
  });
  const loaded = Promise.all(Object.values(maskImages).map((image) => image.decode().catch(() => null)));
  return { data, W, H, SHORT, NAMES, KINDS, axis, pixels, unitOf, write, make, fresh, convert, bounds, outline, points, moved, problems, lines, size, digits, plain, loaded };
})();
