#!/usr/bin/env node
// A client that mirrors a prefix of etcd clusters and serves its view as JSON, for `stormwatch lab --view`.
//
// It needs nothing but Node itself: it speaks to etcd's JSON API, which the members of a lab serve.
//
//     node client.mjs --port 8080 --prefix /services/ alpha=http://127.0.0.1:23791,http://127.0.0.1:23792,http://127.0.0.1:23793
//
// As it is, it trusts its watch: while a member says nothing, it takes that for "nothing has changed". With --check it also reads the
// prefix through another member once a second, and leaves a member whose watch does not show what that read returned.

import http from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";

const requestTimeout = 2000; // ms for a read, and to open a watch
const checkEvery = 1000; // ms between two freshness checks
const checkGrace = 300; // ms that the watch may lag behind such a read
const retryAfter = 200; // ms between two attempts

const b64 = (text) => Buffer.from(text).toString("base64");
const decoded = (text) => Buffer.from(text ?? "", "base64").toString();

// rangeOf is the range of all keys with a prefix: up to the first key that has not got it.
function rangeOf(prefix) {
  const end = prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
  return { key: b64(prefix), range_end: b64(end) };
}

// post sends a request and resolves to the response, whose body has not been read yet.
function post(endpoint, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(endpoint + path, { method: "POST", agent: false, headers: { "Content-Type": "application/json" } });
    const timer = setTimeout(() => request.destroy(new Error(`${endpoint} does not answer`)), requestTimeout);
    request.on("error", (error) => { clearTimeout(timer); reject(error); });
    request.on("response", (response) => {
      clearTimeout(timer);
      if (response.statusCode === 200) return resolve(response);
      response.destroy();
      reject(new Error(`${endpoint} answers ${response.statusCode}`));
    });
    request.end(JSON.stringify(body));
  });
}

// read reads a prefix linearizably: the values by key, the revision of the read, and that of the newest key.
async function read(endpoint, prefix) {
  const response = await post(endpoint, "/v3/kv/range", rangeOf(prefix));
  response.setTimeout(requestTimeout, () => response.destroy(new Error(`${endpoint} does not go on`)));
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  const answer = JSON.parse(text);
  const values = new Map((answer.kvs ?? []).map((kv) => [decoded(kv.key), decoded(kv.value)]));
  const newest = Math.max(0, ...(answer.kvs ?? []).map((kv) => Number(kv.mod_revision)));
  return { values, revision: Number(answer.header.revision), newest };
}

// Cluster mirrors the prefix of one cluster.
class Cluster {
  constructor(name, endpoints, prefix, check) {
    Object.assign(this, { name, endpoints, prefix, check, values: new Map(), revision: 0, error: "", fresh: false, stream: null, member: 0 });
  }

  view() {
    const view = { cluster: this.name, revision: this.revision, keys: Object.fromEntries(this.values) };
    if (this.error) view.error = this.error;
    if (this.check) view.healthy = this.fresh; // without a check it does not know
    return view;
  }

  // follow watches for ever, on one member after another.
  async follow() {
    for (;;) {
      try {
        await this.watch(this.endpoints[this.member % this.endpoints.length]);
      } catch (error) {
        this.error = `watch: ${error.message}`;
        this.fresh = false;
      }
      this.member++;
      await pause(retryAfter);
    }
  }

  // watch reads the prefix through a member and watches it there, until the watch ends.
  async watch(endpoint) {
    const { values, revision } = await read(endpoint, this.prefix);
    if (revision < this.revision) throw new Error(`${endpoint} is behind`);
    Object.assign(this, { values, revision, fresh: true });
    const create = { create_request: { ...rangeOf(this.prefix), start_revision: String(revision + 1) } };
    this.stream = await post(endpoint, "/v3/watch", create);
    try {
      let rest = "";
      for await (const chunk of this.stream.setEncoding("utf8")) {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop();
        for (const line of lines) this.take(JSON.parse(line));
      }
    } finally {
      this.stream.destroy();
      this.stream = null;
    }
    throw new Error(`the watch on ${endpoint} has ended`);
  }

  // take takes the events of a message of the watch.
  take(message) {
    if (message.error) throw new Error(message.error.message ?? "the watch has failed");
    const { canceled, cancel_reason: reason, events = [] } = message.result;
    if (canceled) throw new Error(reason ?? "the watch was canceled");
    for (const { type, kv } of events) {
      if (type === "DELETE") this.values.delete(decoded(kv.key));
      else this.values.set(decoded(kv.key), decoded(kv.value));
      this.revision = Math.max(this.revision, Number(kv.mod_revision));
    }
  }

  // checking checks for ever whether the watch shows what another member has.
  async checking() {
    for (let asked = 0; ; asked++) {
      await pause(checkEvery);
      const others = this.endpoints.filter((_, i) => i !== this.member % this.endpoints.length);
      const before = this.revision;
      let other;
      try {
        other = await read(others[asked % others.length], this.prefix);
      } catch {
        continue; // that member may be the one with the trouble; the next check asks another
      }
      await pause(checkGrace);
      // A deletion leaves no key with a revision behind, so the values are compared too if nothing has arrived since.
      const same = this.values.size === other.values.size && [...other.values].every(([key, value]) => this.values.get(key) === value);
      if (this.stream && (this.revision < other.newest || (this.revision === before && !same))) {
        this.fresh = false;
        this.stream.destroy(new Error("it does not show what another member has"));
      }
    }
  }
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { prefix: { type: "string", default: "/services/" }, port: { type: "string", default: "8080" }, check: { type: "boolean", default: false } },
});
if (positionals.length === 0) {
  console.error("usage: node client.mjs [--port 8080] [--prefix /services/] [--check] NAME=ENDPOINT,ENDPOINT,…");
  process.exit(2);
}
const clusters = positionals.map((text) => {
  const [name, endpoints] = text.split("=");
  return new Cluster(name, endpoints.split(","), options.prefix, options.check);
});
for (const cluster of clusters) {
  cluster.follow();
  if (options.check) cluster.checking();
}
const server = http.createServer((_, response) => {
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify({ format: "stormwatch.view/1", clusters: clusters.map((c) => c.view()) }));
});
server.listen(Number(options.port), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/view`));
