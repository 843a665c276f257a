"use strict";

// The page shows a table of runs, and the details of a run when it is opened. What it shows of a run is in the element "data".
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const table = document.getElementById("runs");
  const bodies = [...table.querySelectorAll("tbody.run")]; // in the order of the data
  const filters = document.getElementById("filters");
  const count = document.getElementById("count");
  const tip = document.getElementById("tip");
  const byId = new Map(bodies.map((body, i) => [body.id, {body, run: data[i], button: body.querySelector(".open")}]));

  const element = (name, className, text) => {
    const e = document.createElement(name);
    if (className) e.className = className;
    if (text !== undefined) e.textContent = text;
    return e;
  };

  // Filters

  function filter() {
    const wanted = Object.fromEntries(new FormData(filters));
    const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    bodies.forEach((body, i) => {
      const run = data[i];
      const row = body.dataset;
      const kept = ["scenario", "manager", "engine", "verdict"].every(key => !wanted[key] || row[key] === wanted[key]) &&
        words.every(word => textOf(run, body).includes(word));
      body.hidden = !kept;
      if (kept) shown++;
    });
    const runs = bodies.length === 1 ? "run" : "runs";
    count.textContent = shown === bodies.length ? `${shown} ${runs}` : `${shown} of ${bodies.length} ${runs}`;
  }

  // textOf is all that the text filter looks at.
  function textOf(run, body) {
    run.text = run.text || [body.rows[0].textContent, run.sentence, run.schedule, run.again, ...run.verdicts.map(v => v.oracle + " " + (v.evidence || ""))]
      .join(" ").toLowerCase();
    return run.text;
  }

  filters.addEventListener("input", filter);
  filters.addEventListener("reset", () => setTimeout(filter));
  filters.addEventListener("submit", e => e.preventDefault());

  // Sorting

  table.tHead.addEventListener("click", e => {
    const head = e.target.closest("button") && e.target.closest("th");
    if (!head) return;
    const rising = head.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
    const key = body => body.rows[0].cells[head.cellIndex].dataset.key;
    const numbers = head.classList.contains("number");
    const compare = (a, b) => numbers ? key(a) - key(b) : key(a).localeCompare(key(b), "en", {numeric: true});
    const order = [...bodies].sort((a, b) => (rising ? 1 : -1) * compare(a, b) || bodies.indexOf(a) - bodies.indexOf(b));
    table.append(...order);
  });

  // The table by keyboard

  const opens = () => [...table.querySelectorAll("tbody.run:not([hidden]) .open")];

  table.addEventListener("keydown", e => {
    if (!e.target.classList.contains("open")) return;
    const all = opens(), i = all.indexOf(e.target);
    const next = {ArrowDown: i + 1, ArrowUp: i - 1, j: i + 1, k: i - 1, Home: 0, End: all.length - 1}[e.key];
    if (next === undefined || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    if (all[next]) all[next].focus();
  });

  const slash = e => e.key === "/" && !/^(INPUT|SELECT)$/.test(e.target.tagName);
  document.addEventListener("keyup", e => { // when the key is down, it would also be written into the field
    if (slash(e)) filters.elements.text.focus();
  });
  document.addEventListener("keydown", e => {
    if (slash(e)) e.preventDefault();
    const details = e.key === "Escape" && e.target.closest && e.target.closest("tr.details");
    if (details) {
      const {body, button} = byId.get(details.parentElement.id);
      toggle(body.id, false);
      button.focus();
    }
  });

  // Opening a run

  function toggle(id, open) {
    const entry = byId.get(id);
    if (!entry) return;
    const {body, button, run} = entry;
    if (open && !body.rows[1]) {
      const row = body.insertRow();
      row.className = "details";
      const cell = row.insertCell();
      cell.colSpan = table.tHead.rows[0].cells.length;
      cell.append(details(run, id));
      start(cell, run);
    }
    if (body.rows[1]) body.rows[1].hidden = !open;
    button.setAttribute("aria-expanded", open);
  }

  table.addEventListener("click", e => {
    const row = e.target.closest("tbody.run > tr:first-child");
    if (!row) return;
    const id = row.parentElement.id;
    toggle(id, byId.get(id).button.getAttribute("aria-expanded") !== "true");
  });

  // details are the elements of a run. They are made when it is first opened.
  function details(run, id) {
    const root = document.getElementById("details").content.cloneNode(true);
    const at = name => root.querySelector(`[data-is="${name}"]`);
    const outcome = byId.get(id).body.dataset.verdict;
    at("section").setAttribute("aria-label", run.title);
    at("sentence").textContent = run.sentence;
    at("sentence").classList.add(outcome.replace(" ", "-"));
    at("frame").innerHTML = run.svg || ""; // made by this program, which escapes all texts
    at("picture").hidden = at("transcript").hidden = !run.svg;
    at("unkept").hidden = Boolean(run.svg) || outcome === "not judged" || outcome === "not asked";
    at("focus").hidden = !run.focus;
    at("words").append(...run.words.map(w => element("li", "", w)));
    for (const v of run.verdicts) {
      const item = element("li");
      item.append(element("span", "verdict " + v.outcome.replace(" ", "-"), mark(v.outcome) + " " + v.oracle), " ", v.outcome);
      if (v.evidence) item.append(": " + v.evidence);
      (v.outcome === "failed" || v.outcome === "not judged" ? at("verdicts") : at("others")).append(item);
    }
    at("others").parentElement.querySelector("summary").textContent = summaryOf(run.verdicts);
    at("others").parentElement.hidden = !at("others").children.length;
    for (const name of ["again", "schedule", "cause"]) {
      at(name).textContent = run[name] || "";
      root.querySelector(`[data-has="${name}"]`).hidden = !run[name];
    }
    run.log.forEach(([t, cluster, member, text], i) => {
      const item = element("li"), button = element("button");
      button.type = "button";
      button.dataset.i = i;
      for (const part of [stamp(t), cluster, member, text]) button.append(element("span", "", part));
      item.append(button);
      at("log").append(item);
    });
    return root;
  }

  const mark = outcome => ({passed: "✓", failed: "✗", "not asked": "–"}[outcome] || "?");

  function summaryOf(verdicts) {
    const number = outcome => verdicts.filter(v => v.outcome === outcome).length;
    return ["passed", "not asked"].filter(number).map(o => `${number(o)} ${o}`).join(", ");
  }

  // start makes the picture and the transcript of an opened run answer to each other.
  function start(cell, run) {
    const at = name => cell.querySelector(`[data-is="${name}"]`);
    const frame = at("frame"), log = at("log"), range = at("range"), said = at("said");
    let current = -1;
    at("copy").addEventListener("click", () => copy(at("again"), at("copied")));
    if (!run.svg) return;

    // nearest is the entry of the transcript that is nearest to an instant.
    function nearest(t) {
      let best = -1;
      run.log.forEach((entry, i) => {
        if (best < 0 || Math.abs(entry[0] - t) < Math.abs(run.log[best][0] - t)) best = i;
      });
      return best;
    }
    function choose(i, scroll) {
      if (!run.log[i]) return;
      const buttons = log.querySelectorAll("button");
      if (buttons[current]) buttons[current].removeAttribute("aria-current");
      current = i;
      buttons[i].setAttribute("aria-current", "true");
      if (scroll) {
        buttons[i].parentElement.hidden = false;
        log.scrollTop = buttons[i].offsetTop - log.offsetTop - log.clientHeight / 2;
      }
      lanes.cursor(run.log[i][0]);
      said.textContent = sentenceOf(run.log[i]);
    }
    const sentenceOf = ([t, cluster, member, text]) => [stamp(t), [cluster, member].filter(Boolean).join("/"), text].filter(Boolean).join("  ");

    const lanes = attachLanes(frame, tip, {
      near: t => nearest(t) < 0 ? [] : ["nearest: " + sentenceOf(run.log[nearest(t)])],
      pick: t => choose(nearest(t), true),
      step: by => choose(current < 0 ? nearest(run.focus ? run.focus[0] : 0) : current + by, true),
      moved: (from, to) => { range.textContent = `${stamp(from)} to ${stamp(to)}`; },
    });
    lanes.load(frame.querySelector("svg"));

    log.addEventListener("click", e => {
      const button = e.target.closest("button");
      if (button) choose(+button.dataset.i, false);
    });
    log.addEventListener("keydown", e => {
      const item = e.target.closest("li");
      const next = item && {ArrowDown: item.nextElementSibling, ArrowUp: item.previousElementSibling}[e.key];
      if (!next) return;
      e.preventDefault();
      next.firstElementChild.focus();
    });
    at("find").addEventListener("input", e => {
      const word = e.target.value.toLowerCase();
      for (const item of log.children) item.hidden = !item.textContent.toLowerCase().includes(word);
    });
    const tools = {
      in: () => lanes.zoom(1.5), out: () => lanes.zoom(1 / 1.5), left: () => lanes.pan(-0.3), right: () => lanes.pan(0.3),
      whole: lanes.whole, focus: () => lanes.show(...run.focus),
    };
    for (const name in tools) at(name).addEventListener("click", tools[name]);
  }

  async function copy(from, said) {
    try {
      await navigator.clipboard.writeText(from.textContent);
      said.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(from); // the reader copies it
      said.textContent = document.execCommand("copy") ? "copied" : "selected";
    }
  }

  filter();
  const named = byId.has(location.hash.slice(1)) ? location.hash.slice(1) : bodies.length === 1 ? bodies[0].id : "";
  if (named) toggle(named, true);
  addEventListener("hashchange", () => toggle(location.hash.slice(1), true));
})();
