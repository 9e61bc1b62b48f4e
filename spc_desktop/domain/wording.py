"""Sentences for alerts and errors, from code and parameters, in the reader's language (glossary section F)."""

from collections.abc import Mapping

from spc_desktop.i18n import placeholders, translate

Params = Mapping[str, float | int | str]

# Marks the English texts for the catalogue; they are translated where they are used.
_ = str

_TITLES = {
    "out_of_spec": _("Out of specification"),
    "capability_low": _("Capability below target"),
    "beyond": _("Beyond control limit"),
    "run": _("Run on one side"),
    "trend": _("Trend"),
    "alternation": _("Alternating points"),
    "zone": _("Points in the outer zones"),
    "within": _("Points close to the centre line"),
    "outside": _("Points away from the centre line"),
    "range": _("Jump between neighbours"),
    "sample_overdue": _("Sample overdue"),
    "stream_silent": _("No data"),
}
# Parameters written with the digits of the characteristic.
_MEASURED = frozenset({"value", "center", "lcl", "ucl", "lsl", "usl", "cpk", "min"})
_RULE_BROKEN = _("Run rule broken")

_SENTENCES = {
    "run": _("{char} — {k} points in a row on one side of centre line"),
    "trend": _("{char} — {k} points in a row rising/falling"),
    "alternation": _("{char} — {k} points alternating up and down"),
    "within": _("{char} — {k} points within {sigma}σ of centre line"),
    "outside": _("{char} — {k} points beyond {sigma}σ, both sides"),
    "range": _("{char} — neighbouring points differ by more than {sigma}σ"),
}
_ZONE_2 = _("{char} — {k} of {n} points beyond 2σ, same side")
_ZONE_1 = _("{char} — {k} of {n} points beyond 1σ, same side")
_ZONE = _("{char} — {k} of {n} points beyond {sigma}σ")
_ABOVE = _("{char} — beyond control limit ({value}, UCL {ucl})")
_BELOW = _("{char} — beyond control limit ({value}, LCL {lcl})")
_BEYOND = _("{char} — beyond control limit ({value})")
_RULE = _("{char} — rule {rule} broken at {value}")
_SPEC = _("{char} — out of spec: {value} {unit} (spec {lsl} – {usl})")
_SPEC_UPPER = _("{char} — out of spec: {value} {unit} (spec at most {usl})")
_SPEC_LOWER = _("{char} — out of spec: {value} {unit} (spec at least {lsl})")
_ALONE = {
    "sample_overdue": _("{char} — sample {minutes} min overdue"),
    "stream_silent": _("{source} — no data since {since}"),
}
_CPK = _("{char} — capability below target: Cpk {cpk} (min {min})")

_ERRORS = {
    "not_found": _("There is no {what} with the id {id}."),
    "limit_exceeded": _("At most {high} {what} are allowed."),
    "unknown_characteristic": _(
        "There is no characteristic with the id {characteristic_id}. Choose one of the catalogue."
    ),
    "unknown_product": _("There is no product with the id {product_id}. Choose one of the catalogue."),
    "no_values": _("The measurement has no value. Give at least one number."),
    "time_without_offset": _("The time {value} has no offset from UTC. Write it like 2026-01-11T12:00:00+09:00."),
    "value_not_finite": _("{value} is not a number that can be measured. Only finite numbers are accepted."),
    "value_too_large": _("{value} is too large to be a measurement. Check the unit."),
    "one_count": _("An attribute chart takes one count per entry, not {got}."),
    "count_invalid": _("{value} is not a count. Give a whole number of 0 or more."),
    "size_missing": _("The number of inspected units is missing. Give it beside the count."),
    "size_invalid": _("{size} inspected units make no sense. Give a number above 0."),
    "count_above_size": _("{count} defective of {size} inspected is not possible. Check both numbers."),
    "value_refused": _("The chart cannot use this value ({argument}: {allowed}; given was {got})."),
    "plan_invalid": _("The control plan does not fit ({argument}: {allowed}; given was {got})."),
    "unknown_chart": _("There is no chart type {chart}. Known are: {allowed}."),
    "unknown_rule_set": _("There is no rule set {rule_set}. Known are: {allowed}."),
    "unknown_rule": _("There is no rule {rule} in this rule set. Known are: {allowed}."),
    "unknown_policy": _("There is no limit policy {mode}. Known are: {allowed}."),
    "learn_subgroups_range": _("Limits cannot be learnt from {value} subgroups. Choose {low} to {high}."),
    "code_empty": _("A product or characteristic needs a code."),
    "name_empty": _("{entry} needs a name."),
    "text_too_long": _("{field} is too long: {length} characters, at most {allowed}."),
    "limits_order": _("The lower specification limit {lsl} must be below the upper one {usl}."),
    "target_outside": _("The target {target} is outside the specification limits."),
    "title_empty": _("An alert needs a title."),
    "limit_not_finite": _("A specification limit must be a finite number, not {value}."),
    "decimals_range": _("{value} decimals cannot be shown. Choose {low} to {high}."),
    "subgroup_size_range": _("A subgroup of {value} does not fit the chart {chart}. Choose {low} to {high}."),
    "owner_missing": _("The characteristic {entry} names no product. Give the code of its product."),
    "plans_mismatch": _(
        "There are {plans} control plans for {characteristics} characteristics. Give one for each, or none."
    ),
    "conflict": _("Alert {alert_id} was changed by someone else in the meantime. Look at it again and repeat."),
    "illegal_status": _("Alert {alert_id} is {status} and cannot become {wanted}."),
    "newer_alert": _("Alert {newer} is a later occurrence of the same alarm. Look at that one instead of {alert_id}."),
    "comment_empty": _("A comment needs a text."),
    "shelve_minutes": _("An alarm cannot be shelved for {value} minutes. Choose {low} to {high}."),
    "reason_empty": _("Say why: others must understand it later."),
    "mask_scope": _("Name one of the three: an alert, the key of an alarm, or a product."),
    "unknown_key": _("No characteristic has alarms with the key {key}. It begins with product/characteristic."),
    "not_masked": _("{key} is not masked in this way. Look at the list of masks."),
    "kpi_period": _("The time from {since} to {until} is empty. Give a beginning before the end."),
    "verify_points_range": _("An action cannot be verified with {value} points. Choose {low} to {high}."),
    "verify_not_possible": _(
        "Alert {alert_id} does not come from points of a chart. State yourself whether the action was effective."
    ),
    "alarm_policy": _("The alarm policy does not fit ({field}: {allowed}; given was {got})."),
    "code_taken": _("{entry} is there already. Choose another code, or change that one."),
    "catalogue_conflict": _("{entry} was changed by someone else in the meantime. Look at it again and repeat."),
    "plan_changed": _("The control plan was changed in the meantime. Look at it again and repeat."),
    "no_points": _("There are no points to compute from yet."),
    "not_enough_points": _("There are not enough usable points ({argument}: {allowed})."),
    "baseline_too_long": _("A baseline of {got} points is too long. Choose at most {high}."),
    "unknown_limits": _("There are no limits number {revision} of this characteristic."),
    "limits_other_chart": _("Limits number {revision} are of a chart {chart}; the control plan has {plan} now."),
    "chart_does_not_fit": _("The chart {chart} does not fit these data. Choose one of: {allowed}."),
    "unknown_trace_field": _("Points cannot be compared by {got}. Known are: {allowed}, shift."),
    "no_shifts": _("There is no shift calendar yet. Make one in the set-up, then points can be compared by shift."),
    "unknown_point": _("There is no point {index} on this chart."),
    "no_spec": _("Capability needs a specification limit. Set the lower or the upper one first."),
    "not_for_counts": _("Capability of counts is not computed from specification limits."),
    "not_for_vectors": _("Capability of several variables at once is not defined. Watch each one by itself as well."),
    "not_for_parts": _("These points are of different parts. Capability is computed for one part only."),
    "no_capability": _("These values give no capability index ({argument}: {allowed})."),
    "cannot_write": _("{path} cannot be written: {detail}. Choose another folder or make room, then try again."),
    "no_folder": _("There is no folder {path}. Choose one that exists."),
    "unauthorized": _(
        "Name, password or token is not right, or no longer valid. Sign in again or ask an administrator."
    ),
    "too_many_attempts": _("Too many wrong passwords or tokens from this address. Try again in {seconds} s."),
    "forbidden": _("Your account may not do this: it needs the role {role}. Ask an administrator."),
    "forbidden_scope": _("Your account is limited to some products and may not do this. Ask an administrator."),
    "bad_user_name": _("{got} is no user name. Use 1 to {high} letters, digits and . _ @ + - with single spaces."),
    "bad_password": _(
        "Choose a password of {low} to {high} characters that is not the name and not one repeated letter."
    ),
    "user_exists": _("There is a user {name} already. Choose another name."),
    "roles_empty": _("A user needs at least one role. Known are: {choices}."),
    "roles_beyond": _("{name} has not the role {roles} and cannot give it to a token."),
    "token_days": _("A token cannot be valid for {got} days. Choose 1 to {high}, or leave it out for no end."),
    "last_admin": _("{name} is the last administrator. Make another one first."),
    "set_up_refused": _("The set-up code is not right or was used. Start the hub again for a new one."),
    "pairing_full": _("Too many stations wait to be let in. Approve them or try again in {minutes} minutes."),
    "pairing_unknown": _("No station waits with this code, or it has expired. Look at the station again."),
    "invitation_unknown": _(
        "This code is not right, was used before or has expired. Make a new one at the hub: "
        "spc-desktop station invite --name NAME"
    ),
    "invitation_encrypted": _("The code is of a hub that encrypts. Write the address with https: {address}"),
    "invitation_not_of_hub": _(
        "What answers at {address} has not the certificate of this code (it shows {got}). Nothing was sent to it. "
        "Check the address, and make a new code at the hub."
    ),
    "invitations_full": _("{count} invitations are open already. Use them or try again in {minutes} minutes."),
    "learning_no_spread": _(
        "No limits yet: all learnt values are equal. Check the gauge and its resolution; learning goes on by itself."
    ),
    "learning_not_possible": _(
        "No limits yet: the learnt points do not suffice for this chart. Check chart and options; learning goes on."
    ),
    "internal": _("A fault inside the station. It was written to its log."),
    "shutting_down": _("The hub is closing. Try again when it runs again."),
    "subgroup_incomplete": _("A subgroup of {size} values is entered whole, not with {got}."),
    "key_missing": _("An entry needs a key of its own, so that it is never stored twice."),
    "unknown_entry": _("There is no entry with this key: it was not stored or came from elsewhere."),
    "take_back_late": _(
        "{count} newer points came after this subgroup: it can no longer be taken back. An engineer can exclude its point."
    ),
    "not_settled": _("This entry belongs to no point yet."),
    "register_id": _("{got} cannot name a document of the register. Use 1 to {high} characters; codes have no spaces."),
    "register_value": _("{field} cannot be {got}. Choose {low} to {high}."),
    "register_conflict": _("{entry} was changed by someone else in the meantime. Look at it again and repeat."),
    "register_counted": _("How often causes were used is counted by the hub and cannot be saved."),
    "register_too_much": _("{got} documents are too many at once. Save at most {high}."),
    "unknown_zone": _("There is no time zone {got}. Write it like Asia/Seoul."),
    "unknown_field": _("The prefix {prefix} names no field ({got}). Known are: {allowed}."),
    "unknown_cause": _("There is no cause {got} in the register. Choose one of the list or describe it."),
    "plausible_order": _("The lowest plausible value {low} must be below the highest one {high}."),
    "pin_digits": _("A PIN has {low} to {high} digits."),
    "badge_taken": _("{name}: this badge or PIN belongs to someone else already. Choose another one."),
    "unknown_badge": _("Nobody has this badge or PIN. Scan it again or ask an engineer."),
    "badge_tries": _("Too many unknown badges or PINs. Try again in {seconds} s."),
    "preferences_value": _("{field} cannot be {got}. Allowed is: {allowed}."),
    "preferences_changed": _(
        "Your notification settings were changed in another window. Look at them again and repeat."
    ),
    "disk_full": _("The disk is full, so nothing can be stored. Free some space; the hub goes on by itself."),
    "disk_free": _("There is space on the disk again; everything is stored as before."),
    "channel_unknown": _("There is no channel {got}. Configured here: {choices}."),
    "channel_name_twice": _(
        "The name {name} is taken: give each webhook in the settings its own, and none of them email."
    ),
    "channel_test_to": _("Say who gets the test message: --to name@example.com."),
    "channel_retry_id": _("{got} is no number of a dead letter. spc-desktop channel dead shows them."),
    "email_sender": _("The setting channels.email.sender needs an address, not {got}."),
    "webhook_secret": _("The secret of the webhook {name} is not whsec_ and 24 to 64 bytes in base64."),
    "secrets_unreadable": _("The file {file} with the secrets of the channels cannot be used ({reason})."),
    "database_locked": _("Another program holds the database. Close it; the hub goes on by itself."),
    "database_corrupt": _("The database {path} is damaged ({detail}). Put back a backup from {backups}."),
    "read_only": _("The database {path} may not be written ({detail}). Allow writing; the hub goes on by itself."),
    "database_refused": _(
        "The database {path} does not accept the sign-in ({detail}). Look at user name and password."
    ),
    "not_leader": _("Another hub has taken over in this moment. Try again."),
    "no_leader": _("No hub is writing just now; another one takes over in a few seconds. Try again."),
    "relay_unavailable": _(
        "The relay {url} cannot be reached ({detail}). Hubs read each other's news from the database."
    ),
    "relay_refused": _("The relay {url} does not accept the sign-in ({detail}). Look at user name and password."),
    "database_unavailable": _("The database {path} cannot be reached ({detail}). The hub goes on by itself."),
}
_UNKNOWN_ERROR = _("The request could not be carried out ({code}).")


def alert_title(code: str, params: Params, language: str) -> str:
    """Return the short title of an alert, for example "Beyond control limit"."""
    kind = code if code in _TITLES else str(params.get("kind", ""))
    return translate(_TITLES.get(kind, _RULE_BROKEN), language)


def alert_message(code: str, params: Params, language: str) -> str:
    """Return the sentence of an alert; numbers are written with ``params["decimals"]`` digits."""
    decimals = int(params.get("decimals", 3))
    values = {name: _shown(name, value, decimals) for name, value in params.items()}
    values["char"] = characteristic_name(params, language)
    values.setdefault("unit", "")
    values.setdefault("source", values["char"])
    values.setdefault("value", "")
    values["rule"] = code
    return translate(_sentence(code, params), language).format(**values).replace("  ", " ")


def characteristic_name(params: Params, language: str) -> str:
    """Return the characteristic's name in a language, with the panel's symbol where it is not the location panel."""
    name = str(params.get("char", ""))
    if language == "en":
        name = str(params.get("char_en", name))
    return f"{name} [{params['panel']}]" if "panel" in params else name


def error_text(code: str, params: Mapping[str, object], language: str) -> str:
    """Return what is wrong and what to do, for the code of a ``UserError`` or ``KnownError``.

    A parameter that the sentence needs and the error lacks is shown as "?": a message is never lost to a mistake in it.
    """
    text = translate(_ERRORS.get(code, _UNKNOWN_ERROR), language)
    known = {"code": code, **params}
    return text.format(**{name: known.get(name, "?") for name in placeholders(text)})


def _shown(name: str, value: float | int | str, decimals: int) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.{decimals}f}" if name in _MEASURED else f"{value:g}"


def _sentence(code: str, params: Params) -> str:
    if code in _ALONE:
        return _ALONE[code]
    kind = code if code in {"out_of_spec", "capability_low"} else params.get("kind")
    if kind == "out_of_spec":
        if "lsl" in params and "usl" in params:
            return _SPEC
        return _SPEC_UPPER if "usl" in params else _SPEC_LOWER
    if kind == "capability_low":
        return _CPK
    if kind == "beyond":
        return _beyond(params)
    if kind == "zone":
        return {2.0: _ZONE_2, 1.0: _ZONE_1}.get(float(params["sigma"]), _ZONE)
    return _SENTENCES.get(str(kind), _RULE)


def _beyond(params: Params) -> str:
    value = float(params["value"]) if "value" in params else None
    if value is not None and "ucl" in params and value > float(params["ucl"]):
        return _ABOVE
    if value is not None and "lcl" in params and value < float(params["lcl"]):
        return _BELOW
    return _BEYOND
