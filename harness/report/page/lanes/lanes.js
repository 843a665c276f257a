"use strict";

// attachLanes makes pictures of lanes live: they are zoomed and moved by wheel, drag and keys, and say what is under the pointer. frame is the element around
// the picture, which takes the focus. tip is the element, shared by all frames of a page, that shows what is under the pointer. The handlers are called with
// instants in milliseconds of the run; each may be left out:
//   near(at)               more lines for the tip, as a list
//   pick(at, event)        an instant was clicked
//   step(direction)        the reader wants the next (1) or the previous (-1) event
//   moved(from, to)        another time is shown
// It returns functions: load(svg) shows a picture, the first one or a later one of a run that goes on; zoom(factor), pan(part), show(from, to), whole() for
// buttons; cursor(at) marks an instant; shown() is the time that is shown, as [from, to, whole]; whole says that the reader has not chosen it.
//
// If the reader has chosen what to see, that stays when a later picture is loaded; else the later picture shows the time that it was made for.
function attachLanes(frame, tip, handlers) {
  const make = (name, attributes) => {
    const e = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) e.setAttribute(key, attributes[key]);
    return e;
  };
  let svg = null, gutter, right, begin, end, high, scaled, ticks, clip, patterns, texts, curves, cursors;
  let from = 0, to = 0, width = 0, chosen = null, planned = 0, free = false, drag = null, pointer = null;

  function load(picture) {
    svg = picture;
    if (svg.parentElement !== frame) frame.replaceChildren(svg);
    gutter = +svg.dataset.gutter;
    right = +svg.dataset.right;
    begin = +svg.dataset.begin;
    end = +svg.dataset.end;
    high = svg.viewBox.baseVal.height;
    scaled = svg.querySelector(".scaled");
    ticks = svg.querySelector(".ticks");
    clip = svg.querySelector("clipPath rect");
    patterns = [...svg.querySelectorAll("pattern")];
    texts = [...svg.querySelectorAll(".pinned text")];
    curves = [...svg.querySelectorAll("path.stale")].map(path => ({
      cluster: path.dataset.cluster, foot: +path.dataset.foot, k: +path.dataset.k,
      dots: path.getAttribute("d").slice(1).split("L").slice(1).map(dot => dot.split(" ").map(Number)),
    }));
    cursors = {};
    for (const name of ["over", "chosen"]) {
      cursors[name] = make("line", {class: "cursor " + name, y1: 24, y2: high, visibility: "hidden"});
      svg.append(cursors[name]);
    }
    if (!free) [from, to] = [+svg.dataset.from, +svg.dataset.to];
    else set(from, to);
    draw();
    if (pointer && !drag) point(document.elementFromPoint(pointer.x, pointer.y)); // the picture has moved on under it
  }

  const plot = () => width - gutter - right;
  const scale = () => plot() / (to - from);
  const x = at => gutter + (at - from) * scale();
  const instant = px => from + (px - gutter) / scale();
  const clamp = (n, low, most) => Math.min(Math.max(n, low), most);

  function draw() {
    planned = 0;
    if (!svg) return;
    width = Math.max(frame.clientWidth, gutter + right + 100);
    svg.setAttribute("viewBox", `0 0 ${width} ${high}`);
    clip.setAttribute("width", plot());
    scaled.setAttribute("transform", `matrix(${scale()} 0 0 1 ${gutter - from * scale()} 0)`);
    for (const p of patterns) p.setAttribute("patternTransform", `scale(${1 / scale()} 1)`);
    for (const t of texts) place(t);
    drawTicks();
    drawCursor("chosen", chosen);
    handlers.moved?.(from, to);
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

  // set makes a time the one that is shown, as far as the picture has it.
  function set(a, b) {
    const length = clamp(b - a, Math.min(10, end - begin), end - begin);
    from = clamp(a, begin, end - length);
    to = from + length;
  }
  function show(a, b) {
    if (!svg) return;
    free = true;
    set(a, b);
    plan();
  }
  function zoom(factor, around = (from + to) / 2) {
    const length = clamp((to - from) / factor, Math.min(10, end - begin), end - begin);
    const start = around - (around - from) * length / (to - from);
    show(start, start + length);
  }
  const pan = part => show(from + part * (to - from), to + part * (to - from));
  function whole() {
    show(begin, end);
    free = false;
  }

  // cursor marks an instant, and moves the picture if it does not show it.
  function cursor(at) {
    chosen = at;
    if (at !== null && (at < from || at > to)) show(at - (to - from) / 2, at + (to - from) / 2);
    drawCursor("chosen", at);
  }

  const inside = px => px - svg.getBoundingClientRect().left;

  frame.addEventListener("wheel", e => {
    // Without the focus and without a key, the wheel scrolls the page.
    if (!svg || !e.ctrlKey && !e.metaKey && !frame.contains(document.activeElement)) return;
    e.preventDefault();
    if (Math.abs(e.deltaX) > Math.abs(e.deltaY)) pan(e.deltaX / plot());
    else zoom(Math.exp(-e.deltaY / 400), clamp(instant(inside(e.clientX)), from, to));
  }, {passive: false});

  frame.addEventListener("pointerdown", e => {
    if (svg && e.button === 0) drag = {px: e.clientX, from, to, moved: false};
  });
  frame.addEventListener("pointermove", e => {
    if (!svg) return;
    pointer = {x: e.clientX, y: e.clientY};
    if (drag && Math.abs(e.clientX - drag.px) > 3) {
      drag.moved = true;
      frame.setPointerCapture(e.pointerId);
      const by = (drag.px - e.clientX) / scale();
      show(drag.from + by, drag.to + by);
      return;
    }
    point(e.target);
  });
  frame.addEventListener("pointerup", e => {
    const click = drag && !drag.moved;
    drag = null;
    if (!svg) return;
    const at = instant(inside(e.clientX));
    if (click && at >= from && at <= to) handlers.pick?.(at, e);
  });
  frame.addEventListener("pointercancel", () => { drag = null; });
  frame.addEventListener("pointerleave", () => {
    pointer = null;
    if (svg) point(null);
  });
  frame.addEventListener("dblclick", e => { if (svg) zoom(3, clamp(instant(inside(e.clientX)), from, to)); });

  // point says what is at the pointer, which is on a part of the picture; null if it is on none.
  function point(part) {
    const at = part && pointer && frame.contains(part) ? instant(inside(pointer.x)) : NaN;
    tip.hidden = !(at >= from && at <= to);
    drawCursor("over", tip.hidden ? null : at);
    if (tip.hidden) return;
    const lines = [stamp(at) + (part.dataset.tip ? "  " + part.dataset.tip : "")], stale = staleness(at);
    for (const cluster in stale) if (stale[cluster] >= 1) lines.push(`${cluster}: the view is ${lasting(stale[cluster])} stale`);
    tip.textContent = lines.concat(handlers.near?.(at) || []).join("\n");
    tip.style.left = Math.max(4, Math.min(pointer.x + 14, innerWidth - tip.offsetWidth - 8)) + "px";
    tip.style.top = (pointer.y + 18 + tip.offsetHeight > innerHeight ? pointer.y - tip.offsetHeight - 10 : pointer.y + 18) + "px";
  }

  const keys = {
    "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5), "0": whole,
    ArrowLeft: () => pan(-0.2), ArrowRight: () => pan(0.2),
    Home: () => show(begin, begin + to - from), End: () => show(end - (to - from), end),
    n: () => handlers.step?.(1), p: () => handlers.step?.(-1),
  };
  frame.addEventListener("keydown", e => {
    if (!svg || e.target !== frame || e.ctrlKey || e.metaKey || e.altKey || !Object.hasOwn(keys, e.key)) return;
    e.preventDefault();
    keys[e.key]();
  });

  // staleness reads the height of the curves at an instant: {cluster: milliseconds}.
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
  return {load, zoom, pan, show, whole, cursor, shown: () => [from, to, !free]};
}

// stamp prints an instant, lasting a length of time. Both are in milliseconds.
const stamp = ms => (ms / 1000).toFixed(3) + "s";
const lasting = ms => ms < 1000 ? Math.round(ms) + "ms" : (ms / 1000).toFixed(2) + "s";
