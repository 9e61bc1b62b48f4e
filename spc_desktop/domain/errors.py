"""The two expected kinds of failure; every other exception is a bug."""


class UserError(Exception):
    """Something the person or client who asked can mend: shown where they typed, HTTP 4xx, a WebSocket error.

    Args:
        code: stable machine name, for example ``"not_found"`` or ``"value_not_finite"`` (``domain.wording`` words it).
        params: what the sentence needs: names, values, what is allowed.
    """

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(f"{code} {params}" if params else code)
        self.code = code
        self.params = params


class KnownError(Exception):
    """The surroundings failed (disk full, port in use, gauge gone): a banner and an automatic retry.

    Args:
        code: stable machine name, for example ``"disk_full"``.
        params: what the sentence needs.
    """

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(f"{code} {params}" if params else code)
        self.code = code
        self.params = params
