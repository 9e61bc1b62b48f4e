"""The one error the engine raises for input that has no meaning."""


class SpcValueError(ValueError):
    """An argument is outside what the statistic is defined for.

    Args:
        argument: the name of the offending argument, as the caller wrote it.
        allowed: what would be allowed, as a short English phrase ("at least 2 values per subgroup").
        got: what was given, for the message only.
    """

    def __init__(self, argument: str, allowed: str, got: object = None) -> None:
        super().__init__(f"{argument}: {allowed}" + ("" if got is None else f", got {got!r}"))
        self.argument = argument
        self.allowed = allowed
        self.got = got
