"""The window on one or several hubs that run elsewhere."""

import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack, ExitStack
from functools import partial

from spc_desktop.app.run_gui import Stage, desk, import_heavy, run_window, stage_logging
from spc_desktop.app.shutdown import DEADLINE, must_end_within
from spc_desktop.app.start import Start, known_hubs

log = logging.getLogger(__name__)


def run_viewer(start: Start, tokens: Mapping[str, str]) -> int:
    """Open the window on the hubs of ``tokens`` (address -> token or ""); return the exit status.

    A hub that is away is waited for.
    """
    return run_window(start, partial(_with_remote_hubs, start, dict(tokens)))


async def _with_remote_hubs(start: Start, tokens: Mapping[str, str], stage: Stage) -> None:
    stage.mode = ("viewer", *tokens)
    with ExitStack() as stack:
        await stage_logging(stage, stack, start.log_dir / "viewer")
        await import_heavy()
        from spc_desktop.viewer.remote_hub import RemoteHub
        from spc_desktop.viewer.trust import Trust

        async with AsyncExitStack() as hubs:
            language = stage.preferences.language
            trust = Trust(known_hubs(start.data_dir))
            remote = [
                await hubs.enter_async_context(RemoteHub(url, stage.clock, language=language, token=token, trust=trust))
                for url, token in tokens.items()
            ]
            log.info("viewer on %s", ", ".join(tokens))
            async with desk(stage, list(remote)):
                await stage.stop.wait()
                stack.enter_context(must_end_within(DEADLINE, 6))
