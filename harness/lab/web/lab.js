// The live page of a lab. It asks the API for the state and the lanes once a second, and sends what the buttons say. Elements are made once and then
// changed, so that the keyboard's focus stays where it is.
"use strict";

const every = 1000; // ms between two looks
const $ = (id) => document.getElementById(id);

async function call(method, path, body) {
  const request = { method, headers: {} };
  if (body !== undefined) {
    request.headers["Content-Type"] = "application/json";
    request.body = JSON.stringify(body);
  }
  const response = await fetch(path, request);
  if (!response.ok) {
    throw new Error((await response.json()).error);
  }
  return response;
}

// element makes an element with a class and a text.
function element(name, className, text) {
  const e = document.createElement(name);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

// put changes a text only if it differs, so that screen readers and selections are left alone.
function put(e, text) {
  if (e.textContent !== text) e.textContent = text;
}

function say(text, bad) {
  $("message").className = bad ? "bad" : "good";
  put($("message"), text);
}

// command disables a button while what it asks for is under way, and says how it ended.
async function command(button, doing, work) {
  button.disabled = true;
  say(doing + " …", false);
  try {
    say(await work(), false);
  } catch (error) {
    say(error.message, true);
  }
  button.disabled = false;
  if (document.activeElement === document.body) button.focus(); // a disabled button loses the focus
  await look();
}

const inject = (button, fault) => command(button, fault, async () => {
  const injected = await (await call("POST", "api/fault", { fault })).json();
  return injected.text + (injected.text === fault ? " is done." : " is done (" + fault + ").");
});

const heal = (button, which, name) => command(button, "Healing " + name, async () => {
  const { healed } = await (await call("POST", "api/heal", which)).json();
  return healed.length ? "Healed " + healed.map((f) => f.text).join(", ") + "." : "Nothing was in force.";
});

const seconds = (ms) => (ms / 1000).toFixed(1) + " s";

function summary(state) {
  let manager = state.manager + (state.joined === null ? " has not joined" : " joined at " + seconds(state.joined));
  if (state.waiting) manager += ": " + state.waiting;
  put($("summary"), `${seconds(state.now)} · workload ${state.workload} · manager: ${manager}`);
}

// kept makes a list hold one child for each item, by key. make makes a child, and change changes it.
function kept(list, items, key, make, change) {
  const children = new Map([...list.children].map((c) => [c.dataset.key, c]));
  items.forEach((item, i) => {
    let child = children.get(key(item));
    if (!child) {
      child = make(item);
      child.dataset.key = key(item);
    }
    children.delete(key(item));
    if (list.children[i] !== child) list.insertBefore(child, list.children[i] || null);
    if (change) change(child, item);
  });
  children.forEach((c) => c.remove());
}

function faults(state) {
  const all = state.faults.concat(state.switches.map((s) => ({ text: s, fault: s, outside: true })));
  kept($("faults"), all, (f) => String(f.id || f.text), (f) => {
    const li = element("li");
    li.append(element("code", "", f.text));
    if (f.fault !== f.text) li.append(element("span", "dim", "asked for as " + f.fault));
    if (f.outside) {
      li.append(element("span", "dim", "switched on through failpoint's handler"));
      return li;
    }
    const button = element("button", "", "Heal");
    button.type = "button";
    button.setAttribute("aria-label", "Heal " + f.text);
    button.addEventListener("click", () => heal(button, { id: f.id }, f.text));
    li.append(button);
    return li;
  });
}

// offers makes the buttons of all faults on a member, or on a cluster if no member is given, when they are first opened.
function offers(title, cluster, member) {
  const details = element("details");
  details.append(element("summary", "", title));
  const list = element("div", "offers");
  details.append(list);
  details.addEventListener("toggle", async () => {
    if (!details.open) return;
    try {
      const query = new URLSearchParams(member ? { cluster, member } : { cluster });
      const all = await (await call("GET", "api/faults?" + query)).json();
      kept(list, all, (o) => o.fault, (o) => {
        const button = element("button", "", o.fault);
        button.type = "button";
        button.title = o.about;
        button.addEventListener("click", () => inject(button, o.fault));
        return button;
      });
    } catch (error) {
      say(error.message, true);
    }
  });
  return details;
}

function role(cluster, m) {
  if (!m.up) return ["down", "down"];
  if (cluster.leader === m.member) return ["leads", "leads"];
  if (m.believes) return ["stale", "still believes that it leads"];
  return ["", "follows"];
}

function member(cluster) {
  return (m) => {
    const card = element("article", "member");
    card.setAttribute("aria-label", cluster.cluster + "/" + m.member);
    const head = element("div", "bar");
    head.append(element("h3", "", m.member), element("span", "role"));
    const list = element("ul");
    card.append(head, element("code", "dim", m.endpoint), list, offers("Hurt " + m.member, cluster.cluster, m.member));
    return card;
  };
}

function changeMember(cluster) {
  return (card, m) => {
    const [className, text] = role(cluster, m);
    card.className = "member " + className;
    put(card.querySelector(".role"), `${text}, term ${m.term}`);
    const lines = m.faults.map((f) => ({ text: f, bad: true })).concat(
      m.watches.map((w) => ({ text: `watch of ${w.key}, silent for ${seconds(w.silent)}` })));
    kept(card.querySelector("ul"), lines.map((l, i) => ({ ...l, i })), (l) => (l.bad ? "fault " : "watch ") + l.i, (l) => element("li", l.bad ? "bad" : ""), (li, l) => put(li, l.text));
  };
}

function clusters(state) {
  kept($("clusters"), state.clusters, (c) => c.cluster, (c) => {
    const section = element("section", "cluster");
    section.setAttribute("aria-label", "cluster " + c.cluster);
    const bar = element("div", "bar");
    bar.append(element("h2", "", c.cluster), element("span", "leader dim"), element("span", "staleness"), element("span", "view dim"));
    section.append(bar, element("div", "members"), offers("Hurt the whole cluster " + c.cluster, c.cluster));
    return section;
  }, (section, c) => {
    put(section.querySelector(".leader"), c.leader ? `leader ${c.leader}, term ${c.term}` : "no leader");
    const stale = section.querySelector(".staleness");
    if (c.staleness === null) {
      put(stale, "");
    } else {
      const over = c.allowed !== null && c.staleness > c.allowed;
      stale.className = "staleness " + (over ? "bad" : c.allowed !== null ? "good" : "");
      put(stale, `${over ? "✗ stale" : "stale"} by ${seconds(c.staleness)}, allowed ${c.allowed === null ? "any" : seconds(c.allowed)} (${c.why})`);
    }
    const said = [`${c.committed} updates committed`];
    if (c.revision) said.push("view at revision " + c.revision);
    if (c.claim) said.push("the manager says: " + c.claim);
    if (c.error) said.push("its last error: " + c.error);
    put(section.querySelector(".view"), said.join(" · "));
    kept(section.querySelector(".members"), c.members, (m) => m.member, member(c), changeMember(c));
  });
}

// The lanes, which grow. While the reader looks at a time of their own choice, the picture reaches back to it.
const lanes = attachLanes($("lanes"), $("tip"), {
  pick: (at) => lanes.cursor(at),
  moved: (from, to) => {
    $("live").setAttribute("aria-pressed", lanes.shown()[2]);
    put($("range"), `${stamp(from)} to ${stamp(to)}`);
  },
});

async function draw(now) {
  const box = $("lanes");
  const width = Math.max(300, Math.min(4000, Math.floor(box.clientWidth)));
  const [from, , follows] = lanes.shown();
  const last = Math.max(+$("last").value, follows ? 0 : Math.min(86400, Math.ceil((now - from) / 1000) + 2));
  const response = await fetch(`api/lanes?last=${last}&width=${width}`);
  if (!response.ok) throw new Error((await response.json()).error);
  const svg = new DOMParser().parseFromString(await response.text(), "image/svg+xml").documentElement;
  lanes.load(document.importNode(svg, true));
}

let looking = null;

// look shows what the session is like now. Calls while one is under way share it.
function look() {
  looking ??= (async () => {
    try {
      const state = await (await call("GET", "api/state")).json();
      summary(state);
      faults(state);
      clusters(state);
      put($("schedule"), (await (await call("GET", "api/schedule")).json()).schedule);
      await draw(state.now);
      document.body.dataset.state = "live";
    } catch (error) {
      document.body.dataset.state = "lost";
      put($("summary"), "The lab does not answer: " + error.message);
    } finally {
      looking = null;
    }
  })();
  return looking;
}

$("heal-all").addEventListener("click", (e) => heal(e.target, {}, "all"));
$("order").addEventListener("submit", (e) => {
  e.preventDefault();
  inject(e.target.querySelector("button"), $("expression").value);
});
$("last").addEventListener("change", follow);
const tools = { in: () => lanes.zoom(1.5), out: () => lanes.zoom(1 / 1.5), left: () => lanes.pan(-0.3), right: () => lanes.pan(0.3), live: follow };
for (const name in tools) $(name).addEventListener("click", tools[name]);

// follow shows the last seconds again, as many as are chosen.
function follow() {
  lanes.whole();
  return look();
}

(async () => {
  for (;;) {
    await look();
    await new Promise((done) => setTimeout(done, every));
  }
})();
