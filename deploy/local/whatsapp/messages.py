"""What Meta checks in a message that is sent: kinds, limits, media and templates.

Limits as Meta's pages state them: 4,096 characters of text, 1,024 of an interactive body and of a
caption, three buttons, ten rows.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, Literal

from pydantic import Field

from deploy.local.whatsapp.faults import GraphError
from deploy.local.whatsapp.media import LIMITS, Media, kind_of
from deploy.local.whatsapp.part import Part
from shared.web.body import Body

TEXT: Final = 4096
INTERACTIVE: Final = 1024
CAPTION: Final = 1024
SHORT: Final = 60
BUTTONS: Final = 3
ROWS: Final = 10


class Template(Body):
    """A template of the office: what Meta has approved, or thinks of it now."""

    name: str = Field(pattern=r"^[a-z0-9_]{1,512}$", max_length=512)
    language: str = Field(pattern=r"^[a-z]{2,3}(_[A-Z]{2})?$")
    category: Literal["utility", "authentication", "marketing"] = "utility"
    state: Literal["approved", "rejected", "paused", "disabled"] = "approved"
    header: Literal["none", "document", "image"] = "none"
    parameters: int = Field(default=0, ge=0, le=20, description="Of its body.")


Templates = dict[tuple[str, str], Template]
_REFUSED: Final = {"rejected": 132001, "paused": 132015, "disabled": 132016}


class Checks:
    """Checks one message against the office's media and templates."""

    def __init__(self, media: Media, templates: Templates) -> None:
        self._media = media
        self._templates = templates
        self._kinds: Mapping[str, Callable[[Part], None]] = {
            "text": _text,
            "interactive": self._interactive,
            "template": self._template,
            **{kind: partial(self._file, kind=kind) for kind in LIMITS},
        }

    def check(self, message: Part) -> str:
        """Return the message's type. Raises GraphError where Meta would refuse it."""
        if message.text("messaging_product", 20) != "whatsapp":
            raise GraphError(100, "messaging_product must be whatsapp.")
        kind = message.text("type", 40) if message.has("type") else "text"
        if kind not in self._kinds:
            raise GraphError(131051, "The sandbox knows no such type.")
        self._kinds[kind](message.part(kind))
        return kind

    def template_of(self, content: Part) -> Template:
        """Return the template of a message. Raises GraphError where Meta does not take it."""
        language = content.part("language").text("code", 20)
        template = self._templates.get((content.text("name", 512), language))
        if template is None:
            raise GraphError(132001)
        if template.state != "approved":
            raise GraphError(_REFUSED[template.state])
        return template

    def _file(self, content: Part, kind: str) -> None:
        content.optional("caption", CAPTION)
        content.optional("filename", 240)
        if content.has("link"):
            _link(content)
            return
        media_id = content.text("id", 40)
        try:
            medium = self._media.find(media_id)
        except GraphError:
            raise GraphError(
                100, f"Param {kind}['id'] is not a valid whatsapp media attachment ID."
            ) from None
        if kind_of(medium.mime_type) != kind:
            raise GraphError(131053, f"The media is not a file of kind {kind}.")

    def _interactive(self, content: Part) -> None:
        kind = content.word("type", "button", "list")
        content.part("body").text("text", INTERACTIVE)
        if content.has("footer"):
            content.part("footer").text("text", SHORT)
        if content.has("header"):
            self._header(content.part("header"), kind)
        action = content.part("action")
        (_buttons if kind == "button" else _list)(action)

    def _header(self, header: Part, interactive: str) -> None:
        kinds = ("text", "document", "image", "video") if interactive == "button" else ("text",)
        kind = header.word("type", *kinds)
        if kind == "text":
            header.text("text", SHORT)
        else:
            self._file(header.part(kind), kind)

    def _template(self, content: Part) -> None:
        template = self.template_of(content)
        parts = {
            part.text("type", 20).lower(): part
            for part in (content.parts("components", 10) if content.has("components") else ())
        }
        self._template_header(template, parts.get("header"))
        given = _parameters(parts.get("body"))
        if len(given) != template.parameters:
            raise GraphError(132000, f"{template.parameters} parameters are expected in the body.")
        for parameter in given:
            parameter.text("text", INTERACTIVE)

    def _template_header(self, template: Template, header: Part | None) -> None:
        given = _parameters(header)
        if template.header == "none":
            if given:
                raise GraphError(132000, "No parameter is expected in the header.")
            return
        if len(given) != 1 or given[0].text("type", 20) != template.header:
            raise GraphError(132012, f"The header needs one {template.header}.")
        self._file(given[0].part(template.header), template.header)


def _text(content: Part) -> None:
    content.text("body", TEXT)


def _link(content: Part) -> None:
    if not content.text("link", 2000).startswith(("http://", "https://")):
        raise GraphError(131009, "link must be an address.")


def _parameters(component: Part | None) -> Sequence[Part]:
    if component is None or not component.value.get("parameters"):
        return ()
    return component.parts("parameters", 20)


def _buttons(action: Part) -> None:
    replies = [one.part("reply") for one in action.parts("buttons", BUTTONS)]
    _each_once([reply.text("id", 256) for reply in replies], "button ids")
    _each_once([reply.text("title", 20) for reply in replies], "button titles")


def _list(action: Part) -> None:
    action.text("button", 20)
    sections = action.parts("sections", ROWS)
    rows = [row for section in sections for row in section.parts("rows", ROWS)]
    if len(rows) > ROWS:
        raise GraphError(131009, f"A list has at most {ROWS} rows in all its sections.")
    for section in sections:
        if len(sections) > 1:
            section.text("title", 24)
    for row in rows:
        row.text("title", 24)
        row.optional("description", 72)
    _each_once([row.text("id", 200) for row in rows], "row ids")


def _each_once(found: Sequence[str], what: str) -> None:
    if len(set(found)) != len(found):
        raise GraphError(131009, f"The {what} must differ.")
