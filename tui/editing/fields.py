"""The fields of a form: a label, what is typed, and under it why that does not fit."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from tui.editing.lines import LineInput
from tui.editing.specs import FieldKind, FieldSpec
from tui.glyphs import UNICODE
from tui.text import clean, shorten_middle

_LABEL_CELLS = 22
_MOST_LINES = 8


class Choice(Static, can_focus=True):
    """One of a few texts, all in sight; arrows and space go from one to the next."""

    DEFAULT_CSS = """
    Choice { height: auto; width: 1fr; }
    Choice:focus { background: $primary 30%; text-style: bold underline; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,right", "turn(1)", "next value", id="choice.next"),
        Binding("left", "turn(-1)", "value before", show=False, id="choice.previous"),
    ]

    chosen: reactive[str] = reactive("", init=False)

    class Changed(Message):
        """Another of the texts was chosen."""

    def __init__(self, options: tuple[str, ...], chosen: str) -> None:
        super().__init__(markup=False)
        self._options = options
        self.set_reactive(Choice.chosen, chosen)

    def on_mount(self) -> None:
        """Show which one it is."""
        self._tell()

    def watch_chosen(self) -> None:
        """Show the other one."""
        self._tell()
        self.post_message(self.Changed())

    def _tell(self) -> None:
        # a value that is none of them stands before them until one is chosen
        shown = self._options if self.chosen in self._options else (self.chosen, *self._options)
        told = (f"{_sign(one == self.chosen)} {clean(one)}" for one in shown)
        self.update(Content("  ".join(told)))

    def action_turn(self, step: int) -> None:
        """Choose the next of the texts, after the last the first."""
        if self.chosen in self._options:
            at = self._options.index(self.chosen) + step
            self.chosen = self._options[at % len(self._options)]
        elif self._options:
            self.chosen = self._options[0 if step > 0 else -1]


def _sign(chosen: bool) -> str:
    return UNICODE.on if chosen else UNICODE.off


class FieldBox(Vertical):
    """A field with its label; tells when its text is another, and shows why it is refused."""

    DEFAULT_CSS = """
    FieldBox { height: auto; }
    FieldBox Horizontal { height: auto; }
    FieldBox .label { width: 24; padding: 0 1; color: $text-muted; text-wrap: nowrap; }
    FieldBox.-staged .label { color: $text-warning; text-style: bold; }
    FieldBox .label { text-overflow: ellipsis; }
    FieldBox Input, FieldBox TextArea { width: 1fr; }
    FieldBox TextArea { height: auto; padding: 0; }
    FieldBox .refused { height: auto; max-height: 3; padding: 0 1 0 24; color: $text-error; }
    """

    class Edited(Message):
        """Another text stands in a field."""

        def __init__(self, box: FieldBox) -> None:
            super().__init__()
            self.box = box

    def __init__(self, spec: FieldSpec, text: str | None = None) -> None:
        """A field that shows its present value, or a ``text`` that was typed before."""
        super().__init__(classes="field")
        self.spec = spec
        self._text = spec.text if text is None else text
        self._refusal = ""

    def compose(self) -> ComposeResult:
        """The label, what is typed into, and the sentence below."""
        with Horizontal():
            label = shorten_middle(clean(self.spec.label), _LABEL_CELLS)
            yield Static(Content(label), classes="label")
            yield self._control()
        yield Static(classes="refused", markup=False)

    def _control(self) -> Widget:
        spec = self.spec
        if spec.kind in (FieldKind.TOGGLE, FieldKind.SELECT):
            return Choice(spec.options, self._text)
        if spec.kind is FieldKind.JSON:
            area = TextArea(self._text, compact=True, tab_behavior="focus")
            area.cursor_blink = False
            area.styles.max_height = _MOST_LINES
            return area
        secret = spec.kind is FieldKind.SECRET
        return LineInput(self._text, placeholder=clean(spec.hint), password=secret)

    def on_mount(self) -> None:
        """Find nothing wrong yet with what stands there."""
        self.query_one(".refused").display = False

    @property
    def control(self) -> Widget:
        """What takes the keys."""
        return self.query("Choice, Input, TextArea").first(Widget)

    @property
    def text(self) -> str:
        """What stands in the field."""
        return self._text

    @property
    def staged(self) -> bool:
        """Whether it stands for another value than the present one."""
        return self.spec.differs(self._text)

    def refuse(self, sentence: str) -> None:
        """Say under the field why its text does not fit; an empty sentence says nothing."""
        if sentence != self._refusal:
            self._refusal = sentence
            said = self.query_one(".refused", Static)
            said.display = bool(sentence)
            said.update(clean(sentence))

    def check(self) -> str:
        """Judge what stands in the field, say what is wrong with it, and hand that back."""
        sentence = self.spec.refusal(self._text) if self.staged else ""
        self.refuse(sentence)
        self.set_class(self.staged, "-staged")
        return sentence

    @on(Input.Changed)
    @on(TextArea.Changed)
    @on(Choice.Changed)
    def _changed(self, event: Message) -> None:
        event.stop()
        if isinstance(event, Input.Changed):
            text = event.value
        elif isinstance(event, TextArea.Changed):
            text = event.text_area.text
        else:
            text = self.query_one(Choice).chosen
        if text != self._text:  # a control also tells of what it begins with
            self._text = text
            self.check()
            self.post_message(self.Edited(self))
