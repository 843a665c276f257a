#!/usr/bin/env python3
"""A client that mirrors a prefix of etcd clusters and serves its view as JSON, for `stormwatch lab --view`.

It needs nothing but the standard library: it speaks to etcd's JSON API, which the members of a lab serve.

    python3 client.py --port 8080 --prefix /services/ alpha=http://127.0.0.1:23791,http://127.0.0.1:23792,http://127.0.0.1:23793

As it is, it trusts its watch: while a member says nothing, it takes that for "nothing has changed". With --check it also reads the
prefix through another member once a second, and leaves a member whose watch does not show what that read returned.
"""

import argparse
import base64
import http.client
import http.server
import json
import threading
import time
import urllib.parse

REQUEST_TIMEOUT = 2.0  # seconds for a read, and to open a watch
CHECK_EVERY = 1.0  # seconds between two freshness checks
CHECK_GRACE = 0.3  # seconds that the watch may lag behind such a read
RETRY_AFTER = 0.2  # seconds between two attempts


def b64(text):
    return base64.b64encode(text.encode()).decode()


def decoded(text):
    return base64.b64decode(text).decode()


def prefix_range(prefix):
    """The range of all keys with a prefix: up to the first key that has not got it."""
    return {"key": b64(prefix), "range_end": b64(prefix[:-1] + chr(ord(prefix[-1]) + 1))}


def post(endpoint, path, body, timeout):
    """Sends a request and returns the connection and the response, whose body has not been read yet."""
    host = urllib.parse.urlsplit(endpoint)
    connection = http.client.HTTPConnection(host.hostname, host.port, timeout=timeout)
    try:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        if response.status != 200:
            raise OSError(f"{endpoint} answers {response.status}: {response.read(200)!r}")
    except BaseException:
        connection.close()
        raise
    return connection, response


def read(endpoint, prefix):
    """Reads a prefix linearizably: the values by key, and the revision of the read."""
    connection, response = post(endpoint, "/v3/kv/range", prefix_range(prefix), REQUEST_TIMEOUT)
    try:
        answer = json.load(response)
    finally:
        connection.close()
    values = {decoded(kv["key"]): decoded(kv.get("value", "")) for kv in answer.get("kvs", [])}
    newest = max((int(kv["mod_revision"]) for kv in answer.get("kvs", [])), default=0)
    return values, int(answer["header"]["revision"]), newest


class Cluster:
    """Mirrors the prefix of one cluster."""

    def __init__(self, name, endpoints, prefix, check):
        self.name, self.endpoints, self.prefix, self.check = name, endpoints, prefix, check
        self.lock = threading.Lock()  # guards the fields below
        self.values, self.revision = {}, 0
        self.error, self.fresh = "", False
        self.connection = None  # that of the watch
        self.member = 0  # the index of the endpoint that the watch is on

    def view(self):
        with self.lock:
            view = {"cluster": self.name, "revision": self.revision, "keys": dict(self.values)}
            if self.error:
                view["error"] = self.error
            if self.check:  # without a check it does not know
                view["healthy"] = self.fresh
            return view

    def follow(self):
        """Watches for ever, on one member after another."""
        while True:
            try:
                self.watch(self.endpoints[self.member % len(self.endpoints)])
            except (OSError, http.client.HTTPException, ValueError) as error:
                with self.lock:
                    self.error, self.fresh = f"watch: {error}", False
            self.member += 1
            time.sleep(RETRY_AFTER)

    def watch(self, endpoint):
        """Reads the prefix through a member and watches it there, until the watch ends."""
        values, revision, _ = read(endpoint, self.prefix)
        with self.lock:
            if revision < self.revision:
                raise OSError(f"{endpoint} is behind")
            self.values, self.revision, self.fresh = values, revision, True
        create = {"create_request": {**prefix_range(self.prefix), "start_revision": str(revision + 1)}}
        connection, response = post(endpoint, "/v3/watch", create, REQUEST_TIMEOUT)
        with self.lock:
            self.connection = connection
        connection.sock.settimeout(None)  # a quiet watch is no error
        try:
            while line := response.readline():
                self.take(json.loads(line))
        finally:
            with self.lock:
                self.connection = None
            connection.close()
        raise OSError(f"the watch on {endpoint} has ended")

    def take(self, message):
        """Takes the events of a message of the watch."""
        if "error" in message:
            raise OSError(message["error"].get("message", "the watch has failed"))
        result = message["result"]
        if result.get("canceled"):
            raise OSError(result.get("cancel_reason", "the watch was canceled"))
        events = result.get("events", [])
        with self.lock:
            if not events:
                return
            for event in events:
                key = decoded(event["kv"]["key"])
                if event.get("type") == "DELETE":
                    self.values.pop(key, None)
                else:
                    self.values[key] = decoded(event["kv"].get("value", ""))
            self.revision = max(self.revision, int(events[-1]["kv"]["mod_revision"]))

    def checking(self):
        """Checks for ever whether the watch shows what another member has."""
        asked = 0
        while True:
            time.sleep(CHECK_EVERY)
            others = [e for i, e in enumerate(self.endpoints) if i != self.member % len(self.endpoints)]
            asked += 1
            before = self.revision
            try:
                values, _, newest = read(others[asked % len(others)], self.prefix)
            except (OSError, http.client.HTTPException, ValueError):
                continue  # that member may be the one with the trouble; the next check asks another
            time.sleep(CHECK_GRACE)
            with self.lock:
                # A deletion leaves no key with a revision behind, so the values are compared too if nothing has arrived since.
                behind = self.revision < newest or (self.revision == before and self.values != values)
                if behind and self.connection:
                    self.error, self.fresh = "the watch does not show what another member has", False
                    try:
                        self.connection.sock.shutdown(2)  # ends the read of the watch
                    except OSError:
                        pass


def serve(clusters, port):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            body = json.dumps({"format": "stormwatch.view/1", "clusters": [c.view() for c in clusters]}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    print(f"http://127.0.0.1:{server.server_port}/view", flush=True)
    server.serve_forever()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cluster", nargs="+", help="NAME=ENDPOINT,ENDPOINT,…")
    parser.add_argument("--prefix", default="/services/")
    parser.add_argument("--port", type=int, default=8080, help="where to serve the view; 0: any free port")
    parser.add_argument("--check", action="store_true", help="check freshness through another member")
    arguments = parser.parse_args()
    clusters = []
    for text in arguments.cluster:
        name, _, endpoints = text.partition("=")
        clusters.append(Cluster(name, endpoints.split(","), arguments.prefix, arguments.check))
    for cluster in clusters:
        threading.Thread(target=cluster.follow, daemon=True).start()
        if arguments.check:
            threading.Thread(target=cluster.checking, daemon=True).start()
    serve(clusters, arguments.port)


if __name__ == "__main__":
    main()
