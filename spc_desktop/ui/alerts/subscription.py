"""What the person at this window is told of, as one sentence for each hub."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QLabel, QWidget

from spc_desktop.domain.subscription import subscription_sentence
from spc_desktop.i18n import _, current_language
from spc_desktop.ui.models.products import display_name
from spc_desktop.ui.station import Station


class SubscriptionLine(QLabel):
    """Kept true by the hubs: what was changed elsewhere is read here too."""

    def __init__(self, stations: Sequence[Station], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stations = stations
        self.setObjectName("dim")
        self.setWordWrap(True)
        for station in stations:
            station.wishes_changed.connect(self.write)
            station.catalogue_changed.connect(self.write)
        self.write()

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.write()

    def write(self) -> None:
        """Write the sentence anew."""
        told = []
        for station in self._stations:
            products = {key: display_name(one) for key, one in station.products.items()}
            characteristics = {key: display_name(one) for key, one in station.characteristics.items()}
            text = subscription_sentence(station.wishes, products, characteristics, current_language())
            told.append(f"{station.title}: {text}" if len(self._stations) > 1 else text)
        self.setText(_("Notifications here: {sentence}", sentence="; ".join(told)))
        self.setToolTip(
            _("Tick products in the chart tree to hear of them; the list above shows every alert all the same.")
        )
