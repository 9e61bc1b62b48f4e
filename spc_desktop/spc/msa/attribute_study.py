"""A whole attribute agreement study from its rows: each rater with themselves, with the reference, and all together."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from spc_desktop.spc.arguments import checked
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.msa.agreement import FleissKappa, Matches, all_agree, cohen_kappa, fleiss_kappa
from spc_desktop.spc.samples import probability


@dataclass(frozen=True, slots=True)
class RaterResult:
    """One rater. Parts count as matched when all trials agree (``repeatable``), or agree with the reference too
    (``effective``: effectiveness of AIAG MSA-4, III.C).

    ``within`` is Fleiss' kappa over the trials; both are None for a single trial. ``kappa`` is the mean of Cohen's kappa
    with the reference over the trials (None where one is not defined). ``miss_rate`` is the percentage of bad parts' ratings
    that call them good, ``false_alarm_rate`` of good parts' ratings that call them bad. None without a reference or a
    ``bad`` category, or where there is no such part.
    """

    rater: Hashable
    repeatable: Matches | None
    within: FleissKappa | None
    effective: Matches | None
    kappa: float | None
    miss_rate: float | None
    false_alarm_rate: float | None


@dataclass(frozen=True, slots=True)
class AttributeStudy:
    """``between``: Fleiss' kappa over every trial of every rater; ``all_agree`` on parts, ``all_right`` with the reference."""

    parts: tuple[Hashable, ...]
    trials: int
    raters: tuple[RaterResult, ...]
    between: FleissKappa
    all_agree: Matches
    all_right: Matches | None


@checked
def attribute_study(
    parts: Sequence[Hashable],
    raters: Sequence[Hashable],
    ratings: Sequence[Hashable],
    reference: dict[Hashable, Hashable] | None = None,
    bad: Hashable | None = None,
    confidence: float = 0.95,
) -> AttributeStudy:
    """Analyse rows (part, rater, rating); several rows of one part and rater are its trials, in order.

    Args:
        parts: part of each row.
        raters: rater of each row.
        ratings: category of each row.
        reference: true category of every part, when known.
        bad: the category that means defective, for miss and false alarm rates.
        confidence: of the Clopper-Pearson intervals.

    Raises:
        SpcValueError: lengths differ, nothing to compare (one rater with one trial), a part and rater with more or fewer
            trials than the others, or a part without reference.
    """
    probability(confidence, "confidence")
    table, names, people = _table(parts, raters, ratings)
    trials = len(next(iter(table.values())))
    if trials * len(people) < 2:
        raise SpcValueError("ratings", "at least 2 ratings of every part", 1)
    truth = _truth(names, reference)
    every = [[rating for person in people for rating in table[part, person]] for part in names]
    results = tuple(
        _rater(person, [table[part, person] for part in names], truth, bad, confidence) for person in people
    )
    return AttributeStudy(
        tuple(names),
        trials,
        results,
        fleiss_kappa(every),
        all_agree(every, None, confidence),
        None if truth is None else all_agree(every, truth, confidence),
    )


def _table(
    parts: Sequence[Hashable], raters: Sequence[Hashable], ratings: Sequence[Hashable]
) -> tuple[dict[tuple[Hashable, Hashable], list[Hashable]], list[Hashable], list[Hashable]]:
    if not len(parts) == len(raters) == len(ratings) or not len(parts):
        raise SpcValueError("ratings", "as many parts and raters as ratings, at least one", len(ratings))
    table: dict[tuple[Hashable, Hashable], list[Hashable]] = {}
    for part, rater, rating in zip(parts, raters, ratings, strict=True):
        table.setdefault((part, rater), []).append(rating)
    names, people = list(dict.fromkeys(parts)), list(dict.fromkeys(raters))
    trials = len(table[names[0], people[0]]) if (names[0], people[0]) in table else 0
    uneven = [(part, person) for part in names for person in people if len(table.get((part, person), ())) != trials]
    if uneven:
        raise SpcValueError("ratings", "the same number of ratings of every part by every rater", uneven[0])
    return table, names, people


def _truth(names: Sequence[Hashable], reference: dict[Hashable, Hashable] | None) -> list[Hashable] | None:
    if reference is None:
        return None
    unknown = [name for name in names if reference.get(name) is None]
    if unknown:
        raise SpcValueError("reference", "a category for every part", unknown[0])
    return [reference[name] for name in names]


def _rater(
    person: Hashable,
    rows: Sequence[Sequence[Hashable]],
    truth: Sequence[Hashable] | None,
    bad: Hashable | None,
    confidence: float,
) -> RaterResult:
    several = len(rows[0]) > 1
    repeatable = all_agree(rows, None, confidence) if several else None
    within = fleiss_kappa(rows) if several else None
    if truth is None:
        return RaterResult(person, repeatable, within, None, None, None, None)
    kappas = [cohen_kappa([row[trial] for row in rows], truth).kappa for trial in range(len(rows[0]))]
    defined = [kappa for kappa in kappas if kappa is not None]
    return RaterResult(
        person,
        repeatable,
        within,
        all_agree(rows, truth, confidence),
        sum(defined) / len(defined) if len(defined) == len(kappas) else None,
        None if bad is None else _rate([r != bad for row, t in zip(rows, truth, strict=True) if t == bad for r in row]),
        None if bad is None else _rate([r == bad for row, t in zip(rows, truth, strict=True) if t != bad for r in row]),
    )


def _rate(wrong: Sequence[bool]) -> float | None:
    return 100.0 * sum(wrong) / len(wrong) if wrong else None
