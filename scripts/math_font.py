#!/usr/bin/env python3
"""Writes static/fonts/stix-two-math.woff2: the glyphs of STIX Two Math that the lab's formulas need.

    pip install fonttools brotli; npm pack @fontsource/stix-two-math
    scripts/math_font.py FONT.woff2

The subset has letters and digits, upright and in the mathematical alphabets that MathML uses (italic for single letters,
bold for vectors), Greek, and operators with their larger variants. It keeps the MATH table, which describes how to lay
out fractions, roots and brackets.
"""

import sys

from fontTools import subset

LETTERS = [*range(0x20, 0x7F), 0xA0, 0xB1, 0xB7, 0xD7]
ITALIC = [*range(0x1D434, 0x1D468), 0x210E, *range(0x1D6E2, 0x1D71C)]
BOLD = [*range(0x1D400, 0x1D434)]
GREEK = [ord(c) for c in "αβγδεζηθλμνξπρσςτφχψωϵϕΔΓΘΛΠΣΦΨΩ"]
OPERATORS = [ord(c) for c in "−±×·⋅∗∘⊙⊕∂∇∑∏∫√∞∈∉∣∥‖≤≥≠≈∼∝→←⇒…⋯⋮⊤⊥⌊⌋⌈⌉⟨⟩|()[]{}/ℓℝ′″⁡⁢⁣#"]

source = sys.argv[1]
options = subset.Options()
options.flavor = "woff2"
options.layout_features = ["ssty", "kern", "mark", "mkmk"]
options.hinting = False
options.desubroutinize = True
options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
options.notdef_outline = True
font = subset.load_font(source, options)
subsetter = subset.Subsetter(options)
subsetter.populate(unicodes=LETTERS + ITALIC + BOLD + GREEK + OPERATORS)
subsetter.subset(font)
# The license has no Reserved Font Name, but a subset should not be mistaken for the complete font.
subset.save_font(font, "static/fonts/stix-two-math.woff2", options)
