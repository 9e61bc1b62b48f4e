"""One window that is shown page by page, language by language."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtWidgets import QApplication

from spc_desktop.hub.api import Actor
from spc_desktop.i18n import current_language
from spc_desktop.settings.schema import Settings, WindowSettings
from spc_desktop.ui.desk import Desk
from spc_desktop.ui.main_window import MainWindow
from spc_desktop.ui.pages.registry import PAGES
from spc_desktop.ui.preferences import Preferences
from spc_desktop.ui.presenters import Chain
from spc_desktop.ui.setup.editor import Editor
from spc_desktop.ui.setup.fields import TextField
from spc_desktop.ui.setup.sections import SECTIONS
from spc_desktop.ui.theme import Theme
from spc_desktop.ui.translate import Translator
from tests.fakes import NOON
from tests.screens.checks import problems
from tests.screens.plant import sample_hub


class ClosedDoors:
    """Doors to be looked at."""

    plant_runs, filling, servers = False, False, ()


class Session:
    """Takes the pictures and collects what is wrong."""

    def __init__(self, application: QApplication, out: Path | None, pages: Sequence[str] | None = None) -> None:
        self._theme, self._translator = Theme(application), Translator(application)
        self._out = out
        self._pages = [entry.name for entry in PAGES if not pages or entry.name in pages]
        self.report: list[str] = []
        self.taken = 0

    async def run(
        self,
        sizes: Mapping[int, tuple[int, int]],
        languages: Sequence[str] = ("ko", "en"),
        themes: Sequence[str] = ("light", "dark"),
        states: Sequence[bool] = (True, False),
    ) -> None:
        """Show everything: with the sample plant (True) and without any data (False)."""
        for filled in states:
            async with sample_hub(filled) as hub:
                for scale, size in sizes.items():
                    await self._window(hub, scale, size, languages, themes, "" if filled else "-empty")

    async def _window(self, hub, scale, size, languages, themes, state) -> None:  # type: ignore[no-untyped-def]
        settings = Settings(window=WindowSettings(language="en", theme="light", font_scale=scale))
        preferences = Preferences(settings, settings, lambda _settings: None)
        self._theme.resize(scale, touch=False)
        window = MainWindow()
        window.resize(*size)
        actor = Actor(name="kim")
        self._theme.apply("light")
        self._translator.apply("en")
        look, closed = (self._theme, self._translator), ClosedDoors()
        known = {"chain": Chain([]), "actor": actor, "doors": closed, "now": lambda: NOON}
        desk = Desk(window, [hub], preferences, asyncio.Event(), *look, **known)
        window.show()
        desk.start()
        while not desk.stations[0].loaded:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        window.messages.hide()
        for page in self._pages:
            desk.show_page(page)
            await self._settle()
            if page == "charts" and desk.stations[0].characteristics:
                await self._each(desk, f"{page}{state}-overview-{scale}", languages, themes)
                desk.open_chart(desk.stations[0], 1)
                await self._settle()
                await self._bench(desk, f"{page}{state}", scale, languages, themes)
            await self._each(desk, f"{page}{state}-{scale}", languages, themes)
            if page == "alerts":
                await self._alert_tabs(desk, f"{page}{state}", scale, languages, themes)
            if page == "setup":
                await self._sections(desk, f"{page}{state}", scale, languages, themes)
        await desk.close()
        window.may_close = True
        window.close()
        window.deleteLater()

    async def _bench(self, desk: Desk, name: str, scale: int, languages: Sequence[str], themes: Sequence[str]) -> None:
        """Show the chart bench at work: a point looked into, new limits tried."""
        chart_page = desk.pages.page("charts").chart_page
        signals = chart_page.feed.series.signals()
        chart_page.chart.focus_on(int(signals[-1]) if len(signals) else 0)
        chart_page.points.open(chart_page.chart.cursor_position)
        await self._settle()
        await self._each(desk, f"{name}-point-{scale}", languages, themes)
        chart_page.chart.reset()
        chart_page.limits.start()
        while chart_page.limits.panel._proposal is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await self._settle()
        await self._each(desk, f"{name}-limits-{scale}", languages, themes)
        chart_page.limits.cancel()
        chart_page.show_table(True)
        chart_page.compare.open()
        chart_page.compare.choose("lot")
        while not chart_page.compare.panel.groups.count():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await self._settle()
        await self._each(desk, f"{name}-compare-{scale}", languages, themes)
        chart_page.compare.choose("")
        chart_page.show_table(False)
        chart_page.other.choose("cusum")
        while not chart_page.other.name:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await self._settle()
        await self._each(desk, f"{name}-other-{scale}", languages, themes)
        chart_page.other.choose("")

    async def _alert_tabs(
        self, desk: Desk, name: str, scale: int, languages: Sequence[str], themes: Sequence[str]
    ) -> None:
        """Show the form of an alert that is raised by hand, and the other tabs."""
        page = desk.pages.page("alerts")
        page.panel.form.ask()
        await self._settle()
        await self._each(desk, f"{name}-raise-{scale}", languages, themes)
        page.panel.form.put_away()
        for at in range(1, page.tabs.count()):
            page.tabs.setCurrentIndex(at)
            await self._settle()
            await self._each(desk, f"{name}-tab{at + 1}-{scale}", languages, themes)

    async def _sections(
        self, desk: Desk, name: str, scale: int, languages: Sequence[str], themes: Sequence[str]
    ) -> None:
        """Show every section of the set-up, the first of its entries with a change that is not saved and one that is wrong."""
        page = desk.pages.page("setup")
        for section in SECTIONS:
            page.show_section(section.name)
            editor = page.section(section.name)
            if isinstance(editor, Editor) and editor.list.key:
                lines = [line for line in editor.form.lines.values() if isinstance(line.field, TextField)]
                for line in lines[-2:]:
                    line.field.line.insert("9,5")
                editor.form.judge()
            await self._settle()
            await self._each(desk, f"{name}-{section.name}-{scale}", languages, themes)
            if isinstance(editor, Editor) and editor.list.key:
                editor.tabs.setCurrentIndex(1)
                await self._settle()
                await self._each(desk, f"{name}-{section.name}-history-{scale}", languages[:1], themes[:1])
                editor.tabs.setCurrentIndex(0)
                editor.discard()

    async def _each(self, desk: Desk, name: str, languages: Sequence[str], themes: Sequence[str]) -> None:
        window = desk.window
        for language in languages:
            if current_language() != language:
                desk.appearance.switch_language()
            for theme in themes:
                self._theme.apply(theme)
                await self._settle()
                window.messages.hide()
                await asyncio.sleep(0.05)
                if self._out is not None:
                    window.grab().save(str(self._out / f"{name}-{language}-{theme}.png"))
                    self.taken += 1
                self.report += [f"{name} {language} {theme}: {line}" for line in problems(window, language)]

    async def _settle(self) -> None:
        """Let queries be answered, layouts be made and everything be painted."""
        for _ in range(12):
            await asyncio.sleep(0.02)
