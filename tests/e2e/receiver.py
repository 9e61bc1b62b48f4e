"""A program that takes webhooks, answers as it is told, and keeps what it got."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """``with Receiver() as receiver``: listens on loopback until the end."""

    def __init__(self):
        self.answer, self.got = 204, []
        self.goes_on = threading.Event()
        self.goes_on.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((dict(self.headers), body))
                receiver.goes_on.wait(60)
                try:
                    self.send_response(receiver.answer)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:  # the sender was killed
                    self.close_connection = True

            def log_message(self, *_words):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc):
        self.goes_on.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def ids(self):
        return [headers["webhook-id"] for headers, _ in self.got]

    def alerts(self):
        """Return the alert ids of each message, by the message's id: the same message again counts once."""
        return {
            headers["webhook-id"]: [one["alert"]["id"] for one in json.loads(body)["data"]["alerts"]]
            for headers, body in self.got
        }

    def settings(self, folder):
        """Write the settings of a hub that tells this receiver."""
        folder.mkdir(parents=True, exist_ok=True)
        text = f'[[channels.webhooks]]\nname = "mes"\nurl = "{self.url}"\n'
        (folder / "settings.toml").write_text(text, encoding="utf-8")
