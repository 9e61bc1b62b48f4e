"""A TCP round-robin as a load balancer is one: each connection goes to the next hub that takes it."""

import contextlib
import itertools
import socket
import threading


class RoundRobin:
    """Listens on a free port of loopback; ``targets`` are the hubs' ports and may change at any time."""

    def __init__(self, *targets):
        self.targets = list(targets)
        self.served = []
        self._turn = itertools.count()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client:
            first = next(self._turn)
            for at in range(len(self.targets)):
                target = self.targets[(first + at) % len(self.targets)]
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", target), timeout=5) as hub:
                    hub.settimeout(None)
                    self.served.append(target)
                    back = threading.Thread(target=_pass, args=(hub, client), daemon=True)
                    back.start()
                    _pass(client, hub)
                    back.join()
                    return


def _pass(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
