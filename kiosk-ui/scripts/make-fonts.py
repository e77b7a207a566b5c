#!/usr/bin/env python3
"""Makes the served fonts in src/look/fonts: run `npm run fonts` (needs `pip install fonttools brotli`).

Text:     Noto Sans CJK SC (Debian package fonts-noto-cjk), regular and bold, cut to ASCII and GB 2312;
          a device that has such a font of its own uses that and downloads nothing.
Numerals: Barlow SemiBold (npm package @fontsource/barlow), cut to digits, Latin letters and a few signs, with equal-width figures.
Both are under the SIL Open Font License 1.1; its text is kept beside the fonts.
"""

import pathlib

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

HERE = pathlib.Path(__file__).resolve().parent.parent
OUT = HERE / "src" / "look" / "fonts"
NOTO = pathlib.Path("/usr/share/fonts/opentype/noto")
BARLOW = HERE / "node_modules" / "@fontsource" / "barlow"
EXTRA_SIGNS = "‘’“”–—…·×℃→←↑↓▲▼●○✓★☆±≈≤≥№¥€"

OWNERS = """warmhall-sans-*.woff2 is a subset of Noto Sans CJK SC: Copyright 2014-2021 Adobe (http://www.adobe.com/), with Reserved Font Name 'Source'.
warmhall-numerals-600.woff2 is a subset of Barlow: Copyright 2017 The Barlow Project Authors (https://github.com/jpt/barlow).
"""


def gb2312(first_row: int, last_row: int) -> set[int]:
    found = set()
    for row in range(first_row, last_row + 1):
        for cell in range(1, 95):
            try:
                found.add(ord(bytes([row + 0xA0, cell + 0xA0]).decode("gb2312")))
            except UnicodeDecodeError:
                pass
    return found


def save(font: TTFont, points: set[int], name: str, features: list[str]) -> None:
    options = subset.Options()
    options.flavor = "woff2"
    options.layout_features = features
    options.hinting = False
    options.name_IDs = [0, 1, 2, 13, 14]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=points)
    cutter.subset(font)
    font.flavor = "woff2"
    font.save(OUT / name)
    print(f"{name}: {(OUT / name).stat().st_size:,} bytes")


def simplified(path: pathlib.Path) -> TTFont:
    for font in TTCollection(path).fonts:
        if "CJK SC" in font["name"].getDebugName(1) and "Mono" not in font["name"].getDebugName(1):
            return font
    raise SystemExit(f"no Simplified Chinese face in {path}")


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    text = set(range(0x20, 0x7F)) | {ord(sign) for sign in EXTRA_SIGNS} | gb2312(1, 3) | gb2312(16, 87)
    for weight, face in ((400, "Regular"), (700, "Bold")):
        save(simplified(NOTO / f"NotoSansCJK-{face}.ttc"), text, f"warmhall-sans-{weight}.woff2", ["kern"])
    numerals = set(range(0x20, 0x7F)) | {ord(sign) for sign in "–—·×:"}
    save(TTFont(BARLOW / "files" / "barlow-latin-600-normal.woff2"), numerals, "warmhall-numerals-600.woff2", ["kern", "tnum", "lnum", "case"])
    licence = (BARLOW / "LICENSE").read_text(encoding="utf-8")
    body = licence[licence.index("This Font Software is licensed"):]
    (OUT / "LICENSE-OFL.txt").write_text(OWNERS + "\n" + body, encoding="utf-8")


if __name__ == "__main__":
    main()
