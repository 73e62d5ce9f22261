"""What every searching verb is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from creativity.cli.parse import Files, Flag, Folder, Number, Outputs, Real, Settings, Text


@dataclass(frozen=True)
class Search:
    output: Outputs = ()
    """What to save; the kind follows the suffix (.svg .png .json; .gif .webp .apng .mp4: the search); - is standard output.
    Fields are filled in: {name} {renderer} {count} {seed} {frame}."""
    preset: Text = None
    """A look: settings under one name, such as poster; what is asked for besides goes first (creativity list presets)."""
    renderer: Text = None
    """What the picture is made of (creativity list renderers); by default triangles."""
    count: Number = None
    """How many marks; by default the renderer's own, of a painting 80."""
    palette: Text = None
    """Colours to keep to: a name (creativity list palettes), a number of the picture's own, photo.jpg:6, or #112233,#ffcc00."""
    optimizer: Text = None
    """How to search (creativity list optimizers): relay, greedy, adam, pgpe, sep-cma-es ...; by default relay."""
    lock: Text = None
    """Parts of the start that are not changed at all, such as background,0-9: blocks, ranges of marks, ids of a drawing."""
    seed: Number = None
    """Root of all random numbers; drawn and shown when not given."""
    seeds: Text = None
    """Several, such as 0..7 or 0,3,7: one search each, the best is saved, and a contact sheet of all beside it."""
    steps: Number = None
    """Stop after so many steps; by default the optimizer's own."""
    max_seconds: Real = None
    """Stop after so many seconds of search."""
    target_loss: Real = None
    """Stop when the loss is this low."""
    plateau: Number = None
    """Stop after so many steps without an improvement of 0.1 %."""
    size: Text = None
    """Size of the output: long side in pixels (by default 1024), a box such as 800x600, or a length such as 210mm."""
    target_size: Number = None
    """Long side of the pixels that are scored; by default 256, of a painting 128."""
    threads: Number = None
    """How many threads; by default all cores."""
    device: str = "auto"
    """auto, cpu or cuda; auto is the CPU."""
    run_dir: Folder = None
    """Folder for checkpoints, history and previews; by default runs/NAME."""
    set: Settings = ()
    """Any option of any part, such as renderer.background=none."""
    preview: Text = None
    """A PNG to keep what it looks like now in, besides the run folder's preview.png; leave it open in a viewer."""
    plugin: Files = ()
    """A Python file of yours that registers parts."""
    json: Flag = False
    """Print the final figures as one line of JSON on standard output."""
    quiet: Flag = False
    """Say nothing but errors."""

    def asked(self) -> dict[str, Any]:
        """The arguments of the function of the same name that all of them share."""
        from creativity.cli.searching import settings

        names = ["preset", "renderer", "count", "palette", "optimizer", "seed", "steps", "max_seconds", "target_loss", "plateau"]
        names += ["size", "target_size", "threads", "device"]
        return {name: getattr(self, name) for name in names} | {"options": settings(self.set), "lock": self.lock or ()}
