"""Switching the language while the program runs: our texts by gettext, Qt's own by the translation that Qt ships."""

from PySide6.QtCore import QCoreApplication, QEvent, QLibraryInfo, QObject, QTranslator
from PySide6.QtWidgets import QApplication

from spc_desktop.i18n import set_language


class Translator(QObject):
    """Sets the language; every widget hears of it by ``QEvent.LanguageChange``."""

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._application = application
        self._qt_texts: QTranslator | None = None

    def apply(self, language: str) -> None:
        """Speak ``"ko"`` or ``"en"`` from now on."""
        set_language(language)
        if self._qt_texts is not None:
            self._application.removeTranslator(self._qt_texts)
            self._qt_texts = None
        translator = QTranslator(self)
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if language != "en" and translator.load(f"qtbase_{language}", folder):
            self._qt_texts = translator
            self._application.installTranslator(translator)
        # Qt sends the event only when a catalogue of its own comes or goes; sending it always costs one more rewrite.
        QCoreApplication.sendEvent(self._application, QEvent(QEvent.Type.LanguageChange))
