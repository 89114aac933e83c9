"""A chat endpoint on this machine, in OpenAI's protocol: answers by a rule, notes what it was sent, fails as told."""

import json
import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ChatStandIn:
    """`rule(text)` is the message's content; `troubles` are statuses to answer with first, one a request."""

    retry_after = "0"

    def __init__(self, rule, troubles=(), knows_schema=True):
        self.rule, self.troubles, self.knows_schema = rule, list(troubles), knows_schema
        self.bodies, self.headers, self.asked = [], [], Counter()
        self.lock = threading.Lock()

    def answer(self, path, headers, body):
        """Return status, headers and the object to send."""
        with self.lock:
            self.bodies.append(body)
            self.headers.append(dict(headers))
            if path != "/v1/chat/completions":
                return 404, {}, {"error": {"message": f"no such path {path}"}}
            if self.troubles:
                status = self.troubles.pop(0)
                return (
                    status,
                    {"Retry-After": self.retry_after},
                    {"error": {"message": f"no, {headers.get('Authorization')}"}},
                )
            if "response_format" in body and not self.knows_schema:
                return 400, {}, {"error": {"message": "unknown field response_format"}}
            text = body["messages"][-1]["content"]
            self.asked[text] += 1
            content = self.rule(text)
        message = {"choices": [{"message": {"role": "assistant", "content": content}}]}
        return 200, {}, message | {"usage": {"prompt_tokens": 50, "completion_tokens": 6}}


@contextmanager
def served(stand_in):
    """Serve on a free port; gives the address up to /v1."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, headers, found = stand_in.answer(self.path, self.headers, body)
            content = json.dumps(found).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json", "Content-Length": len(content)}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
