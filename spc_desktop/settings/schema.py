"""Every setting with its default, range and description: the one place where a setting is added.

The description is the help text of the command line and of a settings form. A new field needs no migration; a field that is
renamed or changes its meaning needs a step in ``settings.store.MIGRATIONS`` and a higher ``VERSION``.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field, inspect

VERSION = 2
"""Version of the file's shape; written into every file."""

Language = Literal["system", "ko", "en"]
Theme = Literal["system", "light", "dark"]
Anonymous = Literal["off", "loopback"]


class HubSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the hub listens and where it keeps its data."""

    host: Annotated[str, Meta(min_length=1, description="address to listen on")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="port of HTTP and WebSocket; 0 picks a free one")] = 8000
    data_dir: Annotated[str, Meta(description="folder of the database and the logs; empty: the system's place")] = ""
    insecure: Annotated[
        bool, Meta(description="do not encrypt, although the address can be reached by other computers")
    ] = False
    tls_cert: Annotated[str, Meta(description="file of the site's certificate (PEM); empty: one is made")] = ""
    tls_key: Annotated[str, Meta(description="file of its key (PEM); empty: it is in the certificate's file")] = ""
    database: Annotated[
        str, Meta(description="database server that several hubs share: postgresql://user@host/name; empty: a file")
    ] = ""
    relay: Annotated[
        str, Meta(description="server that carries news between these hubs at once: redis://host:6379/0; empty: none")
    ] = ""
    allow_anonymous: Annotated[
        Anonymous, Meta(description="loopback: who works at this computer needs no account; off: everybody needs one")
    ] = "loopback"


class SamplePlantSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The simulated plant for trying out and testing."""

    enabled: Annotated[bool, Meta(description="run the sample plant as a source")] = False
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1, description="the same seed gives the same values")] = 1
    speed: Annotated[float, Meta(gt=0, le=1000, description="1 is one value about every second and a half")] = 1.0


Security = Literal["starttls", "tls", "none"]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$", description="short name")]


class EmailSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The mail server. Its password is not here: ``spc-desktop channel secret email``."""

    host: Annotated[str, Meta(description="mail server; empty: no e-mail is sent")] = ""
    port: Annotated[int, Meta(ge=1, le=65535, description="its port: 587 for starttls, 465 for tls")] = 587
    security: Annotated[
        Security, Meta(description="starttls or tls; none only inside a closed network, and never with a password")
    ] = "starttls"
    user: Annotated[str, Meta(description="account at the mail server; empty: it wants none")] = ""
    sender: Annotated[str, Meta(description="address that the messages come from")] = ""
    pause_s: Annotated[
        int, Meta(ge=1, le=86_400, description="seconds between two messages to one person in the long run")
    ] = 60
    burst: Annotated[int, Meta(ge=1, le=100, description="messages that may follow each other at once")] = 5


class WebhookSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A program elsewhere that is told of alerts. Its secret is not here: ``spc-desktop channel secret NAME``."""

    name: Name
    url: Annotated[str, Meta(pattern=r"^https?://", description="address that messages are posted to")]
    min_priority: Annotated[int, Meta(ge=1, le=4, description="alerts of this priority and above")] = 1
    products: Annotated[tuple[int, ...] | None, Meta(description="ids of products; left out: all")] = None
    language: Annotated[Literal["", "ko", "en"], Meta(description="of titles and sentences; empty: the hub's")] = ""
    pause_s: Annotated[float, Meta(gt=0, le=86_400, description="seconds between two messages in the long run")] = 1.0
    burst: Annotated[int, Meta(ge=1, le=1000, description="messages that may follow each other at once")] = 20


class ChannelSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How people and programs are told outside of the window."""

    email: EmailSettings = EmailSettings()
    webhooks: Annotated[tuple[WebhookSettings, ...], Meta(max_length=50)] = ()


class WindowSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person chose in the window."""

    language: Annotated[Language, Meta(description="language of the window")] = "system"
    theme: Annotated[Theme, Meta(description="light or dark")] = "system"
    toasts_paused: Annotated[bool, Meta(description="show no toasts until they are switched on again")] = False
    unsubscribed: Annotated[
        dict[str, tuple[str, ...]],
        Meta(
            description="of older versions: hub name and the codes of its products that give no toasts; moved to the hub"
        ),
    ] = field(default_factory=dict)
    read_up_to: Annotated[
        dict[str, int], Meta(description="hub name and the id of the newest alert that was marked as read")
    ] = field(default_factory=dict)
    geometry: Annotated[str, Meta(description="size and place of the window, base64 of Qt's saveGeometry")] = ""
    layouts: Annotated[
        dict[str, str], Meta(description="person@hub/page and the places of its docks, base64 of Qt's saveState")
    ] = field(default_factory=dict)
    flagged: Annotated[
        tuple[str, ...], Meta(description="hub/product/characteristic that were flagged in the capability review")
    ] = ()
    font_scale: Annotated[int, Meta(ge=100, le=200, description="size of the text in percent")] = 100
    touch: Annotated[bool, Meta(description="large buttons and rows, for fingers")] = False
    scope: Annotated[
        tuple[str, str], Meta(description="hub and line that the window shows; empty texts: all of them")
    ] = ("", "")
    servers: Annotated[
        tuple[str, ...], Meta(description="addresses of hubs elsewhere that the window shows instead of its own")
    ] = ()
    last_server: Annotated[str, Meta(description="address that was typed last")] = ""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything; a change makes a new object (``msgspec.structs.replace``)."""

    version: Annotated[int, Meta(ge=1)] = VERSION
    hub: HubSettings = HubSettings()
    sample_plant: SamplePlantSettings = SamplePlantSettings()
    channels: ChannelSettings = ChannelSettings()
    window: WindowSettings = field(default_factory=WindowSettings)


def describe(section: type[Struct], name: str) -> str:
    """Return the description of a setting, for a command line or a form."""
    kind = inspect.type_info(section)
    entries = kind.fields if isinstance(kind, inspect.StructType) else ()
    for entry in entries:
        if entry.name == name and isinstance(entry.type, inspect.Metadata):
            return str((entry.type.extra_json_schema or {}).get("description", ""))
    return ""
