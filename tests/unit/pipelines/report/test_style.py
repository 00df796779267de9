import re
from pathlib import Path

import pytest

import pipelines.report

STYLE = (Path(pipelines.report.__file__).parent / "templates" / "style.css").read_text(encoding="utf-8")
SCHEMES = dict(zip(("light", "dark", "print"), re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL), strict=True))
TEXT_ON = {
    "paper": ("ink", "ink-2", "accent", "ok", "bad", "off", "cache"),
    "panel": ("ink", "ink-2", "ok"),
    "ok-bg": ("ink", "ok"),
    "bad-bg": ("ink", "bad"),
    "cache-bg": ("ink", "ink-2", "cache"),
    "off-bg": ("ink",),
    "area-solid": ("ink", "ink-2", "accent"),
}


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def colours(scheme: str) -> dict[str, str]:
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", SCHEMES[scheme]))
    return {
        name: "#" + "".join(2 * c for c in value[1:]) if len(value) == 4 else value for name, value in found.items()
    }


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_has_the_contrast_of_level_aa(scheme):
    palette = colours(scheme)

    for ground, inks in TEXT_ON.items():
        for ink in inks:
            bright, dark = sorted((luminance(palette[ground]), luminance(palette[ink])), reverse=True)
            assert (bright + 0.05) / (dark + 0.05) >= 4.5, f"{ink} on {ground}"


def test_every_colour_has_a_value_in_every_scheme():
    assert colours("light").keys() == colours("dark").keys() == colours("print").keys()


def test_every_colour_used_is_defined():
    used = set(re.findall(r"var\(--([\w-]+)\)", STYLE))

    assert used - {"sans", "mono", "area"} <= colours("light").keys()
