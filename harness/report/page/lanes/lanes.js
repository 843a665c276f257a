"use strict";

// attachLanes makes a picture of lanes live: it is zoomed and moved by wheel, drag and keys, and says what is under the pointer.
// frame is the element around the picture, which takes the focus. The handlers are called with instants in milliseconds of the run:
//   hover(at, tip, event)  the pointer is at an instant; tip says what is under it. at is null when the pointer has left.
//   pick(at, event)        an instant was clicked
//   step(direction)        the reader wants the next (1) or the previous (-1) event
//   moved(from, to)        another time is shown
// It returns functions for buttons: zoom(factor), pan(part), show(from, to), whole(), cursor(at), staleness(at).
function attachLanes(frame, svg, handlers) {
  const gutter = +svg.dataset.gutter, right = +svg.dataset.right, end = +svg.dataset.end;
  const scaled = svg.querySelector(".scaled"), ticks = svg.querySelector(".ticks"), clip = svg.querySelector("clipPath rect");
  const patterns = [...svg.querySelectorAll("pattern")], texts = [...svg.querySelectorAll(".pinned text")];
  const high = svg.viewBox.baseVal.height;
  const make = (name, attributes) => {
    const e = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) e.setAttribute(key, attributes[key]);
    return e;
  };
  const cursors = {};
  for (const name of ["over", "chosen"]) {
    cursors[name] = make("line", {class: "cursor " + name, y1: 24, y2: high, visibility: "hidden"});
    svg.append(cursors[name]);
  }
  let from = +svg.dataset.from, to = +svg.dataset.to, width = svg.viewBox.baseVal.width, chosen = null, planned = 0;

  const plot = () => width - gutter - right;
  const scale = () => plot() / (to - from);
  const x = at => gutter + (at - from) * scale();
  const instant = px => from + (px - gutter) / scale();
  const clamp = (n, low, most) => Math.min(Math.max(n, low), most);

  function draw() {
    planned = 0;
    width = Math.max(frame.clientWidth, gutter + right + 100);
    svg.setAttribute("viewBox", `0 0 ${width} ${high}`);
    clip.setAttribute("width", plot());
    scaled.setAttribute("transform", `matrix(${scale()} 0 0 1 ${gutter - from * scale()} 0)`);
    for (const p of patterns) p.setAttribute("patternTransform", `scale(${1 / scale()} 1)`);
    for (const t of texts) place(t);
    drawTicks();
    drawCursor("chosen", chosen);
    handlers.moved(from, to);
  }

  // place does for a text what label and pin of canvas.go do.
  function place(t) {
    const start = x(+t.dataset.t);
    if (t.dataset.u === undefined) {
      const left = start + t.textContent.length * 7 > width - right; // it would not end inside the picture
      t.setAttribute("x", left ? start - 3 : start + 3);
      t.setAttribute("text-anchor", left ? "end" : "start");
      return;
    }
    const left = Math.max(start, gutter), room = Math.min(x(+t.dataset.u), width - right) - left - 6;
    t.setAttribute("x", left + 3);
    t.textContent = fitting([...t.dataset.long], [...t.dataset.short], Math.floor(room / 6.3));
  }

  function fitting(long, short, most) {
    if (long.length <= most) return long.join("");
    if (most > Math.max(12, short.length)) return long.slice(0, most - 1).join("") + "…";
    return short.length <= most ? short.join("") : "";
  }

  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5, 72e5, 144e5, 432e5, 864e5];

  function drawTicks() {
    const step = steps.find(s => s * scale() >= 72) || steps[steps.length - 1];
    ticks.replaceChildren();
    for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
      ticks.append(make("path", {d: `M${x(at)} 22V${high - 16}`}));
      const label = make("text", {x: x(at), y: 16});
      label.textContent = tickLabel(at, step);
      ticks.append(label);
    }
  }

  function tickLabel(at, step) {
    const s = at / 1000, two = n => String(Math.floor(n)).padStart(2, "0");
    if (step < 1000) return s.toFixed(Math.ceil(3 - Math.log10(step) - 1e-9)) + "s";
    if (s < 60 && step < 60000) return s + "s";
    if (step < 60000) return Math.floor(s / 60) + ":" + two(s % 60);
    if (s < 3600) return Math.floor(s / 60) + "m";
    return Math.floor(s / 3600) + "h" + two((s % 3600) / 60) + "m";
  }

  function drawCursor(name, at) {
    const line = cursors[name], shown = at !== null && at >= from && at <= to;
    line.setAttribute("visibility", shown ? "visible" : "hidden");
    if (shown) for (const end of ["x1", "x2"]) line.setAttribute(end, x(at));
  }

  const plan = () => { planned = planned || requestAnimationFrame(draw); };

  function show(a, b) {
    const length = clamp(b - a, Math.min(10, end), end);
    from = clamp(a, 0, end - length);
    to = from + length;
    plan();
  }
  function zoom(factor, around = (from + to) / 2) {
    const length = clamp((to - from) / factor, Math.min(10, end), end);
    const start = around - (around - from) * length / (to - from);
    show(start, start + length);
  }
  const pan = part => show(from + part * (to - from), to + part * (to - from));
  const whole = () => show(0, end);

  // cursor marks an instant, and moves the picture if it does not show it.
  function cursor(at) {
    chosen = at;
    if (at !== null && (at < from || at > to)) show(at - (to - from) / 2, at + (to - from) / 2);
    drawCursor("chosen", at);
  }

  const inside = e => e.clientX - svg.getBoundingClientRect().left;

  frame.addEventListener("wheel", e => {
    // Without the focus and without a key, the wheel scrolls the page.
    if (!e.ctrlKey && !e.metaKey && !frame.contains(document.activeElement)) return;
    e.preventDefault();
    if (Math.abs(e.deltaX) > Math.abs(e.deltaY)) pan(e.deltaX / plot());
    else zoom(Math.exp(-e.deltaY / 400), clamp(instant(inside(e)), from, to));
  }, {passive: false});

  let drag = null;
  svg.addEventListener("pointerdown", e => {
    if (e.button === 0) drag = {px: e.clientX, from, to, moved: false};
  });
  svg.addEventListener("pointermove", e => {
    if (drag && Math.abs(e.clientX - drag.px) > 3) {
      drag.moved = true;
      svg.setPointerCapture(e.pointerId);
      const by = (drag.px - e.clientX) / scale();
      show(drag.from + by, drag.to + by);
      return;
    }
    const at = instant(inside(e));
    if (at < from || at > to) {
      drawCursor("over", null);
      handlers.hover(null, "", e);
      return;
    }
    drawCursor("over", at);
    handlers.hover(at, e.target.dataset.tip || "", e);
  });
  svg.addEventListener("pointerup", e => {
    const click = drag && !drag.moved;
    drag = null;
    const at = instant(inside(e));
    if (click && at >= from && at <= to) handlers.pick(at, e);
  });
  svg.addEventListener("pointercancel", () => { drag = null; });
  svg.addEventListener("pointerleave", e => {
    drawCursor("over", null);
    handlers.hover(null, "", e);
  });
  svg.addEventListener("dblclick", e => zoom(3, clamp(instant(inside(e)), from, to)));

  const keys = {
    "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5), "0": whole,
    ArrowLeft: () => pan(-0.2), ArrowRight: () => pan(0.2),
    Home: () => show(0, to - from), End: () => show(end - (to - from), end),
    n: () => handlers.step(1), p: () => handlers.step(-1),
  };
  frame.addEventListener("keydown", e => {
    if (e.target !== frame || e.ctrlKey || e.metaKey || e.altKey || !Object.hasOwn(keys, e.key)) return;
    e.preventDefault();
    keys[e.key]();
  });

  // staleness reads the height of the curves at an instant: {cluster: milliseconds}.
  const curves = [...svg.querySelectorAll("path.stale")].map(path => ({
    cluster: path.dataset.cluster, foot: +path.dataset.foot, k: +path.dataset.k,
    dots: path.getAttribute("d").slice(1).split("L").slice(1).map(dot => dot.split(" ").map(Number)),
  }));
  function staleness(at) {
    const found = {};
    for (const c of curves) {
      for (let i = 1; i < c.dots.length; i++) {
        const [a, high] = c.dots[i - 1], [b, low] = c.dots[i];
        if (a < at && at <= b) found[c.cluster] = (c.foot - (high + (low - high) * (at - a) / (b - a))) / c.k;
      }
    }
    return found;
  }

  new ResizeObserver(plan).observe(frame);
  addEventListener("beforeprint", draw);
  draw();
  return {zoom, pan, show, whole, cursor, staleness};
}
