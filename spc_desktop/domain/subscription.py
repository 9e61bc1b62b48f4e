"""A person's preferences as one sentence, in the reader's language."""

from collections.abc import Mapping

from spc_desktop.domain.alert import AlertType, Priority
from spc_desktop.domain.announcement import EMAIL, TOAST, Preferences, QuietHours
from spc_desktop.domain.calendar import clock_text
from spc_desktop.i18n import translate

# Marks the English texts for the catalogue; they are translated where they are used.
_ = str

_TYPES = {
    AlertType.OUT_OF_SPEC: _("out of specification"),
    AlertType.OUT_OF_CONTROL: _("out of control"),
    AlertType.RUN_RULE: _("run rules"),
    AlertType.TREND: _("trends"),
    AlertType.PREDICTION: _("predictions"),
    AlertType.CAPABILITY: _("capability"),
    AlertType.SAMPLE_OVERDUE: _("samples overdue"),
    AlertType.STREAM_SILENT: _("no data"),
}
_DAYS = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
_LANGUAGES = {"ko": _("in Korean"), "en": _("in English")}
_EVERY_DAY = 7
_SHOWN = 5
"""Names that are written out; of more the number is told."""


def subscription_sentence(
    wishes: Preferences, products: Mapping[int, str], characteristics: Mapping[int, str], language: str
) -> str:
    """Return what a person is told of, for example "All alerts of Pump A of priority 3 and up, not between 22:00 and 06:00".

    Args:
        wishes: the preferences.
        products: id -> name in the reader's language.
        characteristics: id -> name.
        language: of the sentence.
    """

    if not wishes.channels or wishes.products == () or wishes.types == ():
        return translate("No alert is announced.", language)
    about = _about(wishes, products, characteristics, language)
    first = translate("All alerts of {names}", language, names=about) if about else translate("All alerts", language)
    if wishes.min_priority > Priority.LOW:
        first += " " + translate("of priority {level} and up", language, level=int(wishes.min_priority))
    parts = [first]
    if wishes.without:
        parts.append(translate("without {names}", language, names=_names(wishes.without, products, language)))
    if wishes.types is not None:
        kinds = ", ".join(translate(_TYPES[kind], language) for kind in wishes.types)
        parts.append(translate("only {names}", language, names=kinds))
    return ", ".join([*parts, *(_quiet(quiet, language) for quiet in wishes.quiet), *_how(wishes, language)])


def _how(wishes: Preferences, language: str) -> list[str]:
    """Return in what way somebody is told."""
    parts = []
    if wishes.digest_s:
        minutes = f"{wishes.digest_s / 60:g}"
        parts.append(translate("joined for {minutes} min unless urgent", language, minutes=minutes))
    if wishes.language:
        parts.append(translate(_LANGUAGES[wishes.language], language))
    if not wishes.sound and TOAST in wishes.channels:
        parts.append(translate("without sound", language))
    if EMAIL in wishes.channels:
        parts.append(translate("by e-mail to {address}", language, address=wishes.email))
    return parts


def _about(wishes: Preferences, products: Mapping[int, str], characteristics: Mapping[int, str], language: str) -> str:
    parts = []
    if wishes.products is not None:
        parts.append(_names(wishes.products, products, language))
    if wishes.characteristics is not None:
        parts.append(_names(wishes.characteristics, characteristics, language))
    return " / ".join(parts)


def _names(ids: tuple[int, ...], known: Mapping[int, str], language: str) -> str:
    shown = [known.get(one, f"#{one}") for one in ids[:_SHOWN]]
    more = len(ids) - len(shown)
    if more:
        shown.append(translate("{n} more", language, n=more))
    return ", ".join(shown)


def _quiet(quiet: QuietHours, language: str) -> str:
    begin, end = map(clock_text, (quiet.start, quiet.end))
    text = translate("not between {begin} and {end}", language, begin=begin, end=end)
    if len(set(quiet.days)) < _EVERY_DAY:
        days = ", ".join(translate(_DAYS[day], language) for day in sorted(set(quiet.days)))
        text = f"{text} ({days})"
    if quiet.zone:
        text = f"{text} {quiet.zone}"
    if quiet.except_priority < Priority.URGENT:
        text = f"{text} " + translate("unless priority {level} and up", language, level=int(quiet.except_priority))
    return text
