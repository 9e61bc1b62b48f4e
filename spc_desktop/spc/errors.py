"""The one error the engine raises for input that has no meaning."""


class SpcValueError(ValueError):
    """An argument is outside what the statistic is defined for.

    Args:
        argument: the name of the offending argument, as the caller wrote it.
        allowed: what would be allowed, as a short English phrase ("at least 2 values per subgroup").
        got: what was given, for the message only.
    """

    def __init__(self, argument: str, allowed: str, got: object = None) -> None:
        super().__init__(f"{argument}: {allowed}" + ("" if got is None else f", got {_short(got)}"))
        self.argument = argument
        self.allowed = allowed
        self.got = got


def _short(got: object) -> str:
    """What was given, in at most 200 characters; whatever it is, saying so must not fail."""
    try:
        text = repr(got)
    except Exception:  # noqa: BLE001 - a whole number of too many digits, or an object of the caller's that cannot say
        text = f"a {type(got).__name__}"
    return text if len(text) <= 200 else text[:197] + "..."
