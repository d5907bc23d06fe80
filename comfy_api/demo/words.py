"""What a prompt text asks the demo painter for: place, time of day, weather, colours, subjects, style."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MAX_TEXT = 4000
"""Characters that are read for words; the whole text still counts for the hash of the picture."""

PHRASES = {
    "golden hour": "golden",
    "blue hour": "dusk",
    "black and white": "monochrome",
    "oil painting": "oil",
    "oil on canvas": "oil",
    "pixel art": "pixel",
    "ink drawing": "ink",
    "hot air balloon": "balloon",
    "northern lights": "aurora",
    "milky way": "stars",
    "cherry blossom": "blossom",
    "outer space": "space",
    "sail boat": "boat",
    "night sky": "night stars",
    "light house": "lighthouse",
}

WORDS: dict[str, dict[str, str]] = {
    "place": {
        "mountain": "mountain mountains alps peak peaks summit range himalaya rockies fjord",
        "sea": "sea ocean wave waves coast seascape water harbour harbor horizon bay",
        "beach": "beach shore tropical seaside",
        "forest": "forest wood woods woodland jungle grove rainforest",
        "desert": "desert dune dunes sahara sand oasis mars",
        "city": "city skyline metropolis skyscraper downtown town urban tokyo york london cityscape",
        "lake": "lake pond reflection lagoon",
        "river": "river stream brook creek waterfall",
        "field": "field meadow grass farm prairie pasture savanna hill countryside landscape scenery nature "
        "vineyard lavender wheat spring summer autumn",
        "village": "village hamlet",
        "canyon": "canyon mesa gorge arizona cliff",
        "island": "island islands archipelago",
        "space": "space planet galaxy nebula cosmos cosmic universe astronaut saturn spaceship alien",
        "garden": "garden park bouquet botanical",
        "winter": "winter arctic ice glacier frozen christmas",
        "street": "street alley avenue boulevard",
        "castle": "castle fortress palace kingdom",
        "lighthouse": "lighthouse beacon",
    },
    "time": {
        "dawn": "dawn sunrise morning daybreak",
        "day": "noon day midday daylight sunny afternoon",
        "golden": "golden goldenhour evening autumn",
        "sunset": "sunset sundown",
        "dusk": "dusk twilight bluehour",
        "night": "night midnight nighttime nocturnal moonlit moonlight starry",
    },
    "weather": {
        "rain": "rain rainy drizzle wet",
        "storm": "storm stormy thunder thunderstorm lightning",
        "fog": "fog foggy mist misty haze hazy",
        "snow": "snow snowy snowfall blizzard snowing winter",
        "clouds": "cloud clouds cloudy overcast",
        "clear": "clear cloudless",
        "rainbow": "rainbow",
        "aurora": "aurora",
        "stars": "star stars starry galaxy nebula",
        "moon": "moon moonlit moonlight crescent",
        "sun": "sun",
    },
    "subject": {
        "fox": "fox",
        "cat": "cat kitten kitty",
        "dog": "dog puppy wolf",
        "bird": "bird birds seagull seagulls eagle flock crow raven swan",
        "horse": "horse horses pony stallion unicorn",
        "deer": "deer stag elk reindeer",
        "tree": "tree oak willow blossom sakura",
        "boat": "boat ship sail sailboat yacht sailing vessel",
        "house": "house cabin hut cottage home barn",
        "flower": "flower flowers rose roses tulip tulips poppy poppies daisy lavender sunflower sunflowers",
        "person": "person girl man woman boy people portrait human lady warrior knight samurai monk traveller "
        "traveler hiker wizard child princess king queen astronaut figure",
        "robot": "robot android mech droid",
        "dragon": "dragon wyvern",
        "whale": "whale dolphin",
        "balloon": "balloon balloons",
        "car": "car cars truck automobile",
        "bottle": "bottle jar",
    },
    "style": {
        "watercolour": "watercolour watercolor aquarelle gouache",
        "oil": "oil impressionist impressionism gogh monet brushstrokes painterly",
        "ink": "ink sketch pencil charcoal drawing engraving lineart",
        "neon": "neon cyberpunk synthwave vaporwave futuristic",
        "pixel": "pixel pixelart pixelated 8bit 16bit",
        "minimal": "minimal minimalist minimalism flat",
        "monochrome": "monochrome noir grayscale greyscale bw",
    },
}

COLOURS = {
    "red": "#d23a2c", "crimson": "#b3142f", "scarlet": "#e2321f", "orange": "#ef8a2b", "amber": "#f3a62f",
    "gold": "#e8b64a", "yellow": "#f4cf3f", "green": "#4f9a4b", "emerald": "#1f9a6c", "lime": "#a3cc3a",
    "teal": "#1f8f8f", "turquoise": "#35b8b0", "cyan": "#3cc4e0", "blue": "#2f6fcf", "indigo": "#3d3a9e",
    "violet": "#7d4fc4", "purple": "#8a3fb0", "magenta": "#d0379a", "pink": "#f08cb4", "brown": "#8a5a3a",
    "white": "#f4f1ea", "black": "#23222a", "grey": "#8d8f96", "gray": "#8d8f96", "silver": "#b9c0ca",
    "rust": "#b4552d", "peach": "#f7b48e", "cream": "#f3e4c4",
}  # fmt: skip

HOME = {
    "fox": ("field", "winter", "forest"), "cat": ("field", "beach"), "dog": ("field", "winter"),
    "bird": ("sea", "mountain"), "horse": ("field", "desert"), "deer": ("forest", "lake"),
    "tree": ("field",), "boat": ("sea", "lake"), "house": ("lake", "field", "mountain"),
    "flower": ("field", "garden"), "person": ("mountain", "sea", "field"), "robot": ("city", "desert"),
    "dragon": ("mountain", "canyon"), "whale": ("sea",), "balloon": ("mountain", "field"),
    "car": ("desert", "field"), "bottle": ("field", "mountain"),
}  # fmt: skip
ANYWHERE = ("lake", "sea", "mountain", "field", "forest", "river")
NEGATIONS = {"no", "without", "not"}

_LOOKUP: dict[str, list[tuple[str, str]]] = {}
for _kind, _entries in WORDS.items():
    for _value, _names in _entries.items():
        for _name in _names.split():
            _LOOKUP.setdefault(_name, []).append((_kind, _value))


@dataclass(frozen=True, slots=True)
class Brief:
    """What to paint. Orders are the text's; `tint` is the first colour that belongs to no noun."""

    places: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    weather: frozenset[str] = frozenset()
    subjects: tuple[tuple[str, str | None], ...] = ()
    """(subject, `#rrggbb` or None)."""
    tint: str | None = None
    land: str | None = None
    """The colour that stands before a place: "green hills"."""
    styles: tuple[str, ...] = ()
    named: frozenset[str] = frozenset()
    """Every word of the text as written (lower case), for details such as "pine" or "crescent"."""
    unwanted: frozenset[str] = frozenset()
    """Elements and words to leave out."""

    def wants(self, element: str) -> bool:
        """Whether the element was named and not ruled out."""
        there = element in self.weather or element in self.named or element in self.places
        return element not in self.unwanted and (there or any(s == element for s, _ in self.subjects))

    def allows(self, element: str) -> bool:
        return element not in self.unwanted


def read(text: str, negative: str = "") -> Brief:
    """The brief in a prompt text; words that it does not know are passed over (the hash sees them)."""
    words = _words(text)
    ruled_out = _elements(_words(negative))
    found: dict[str, list[str]] = {kind: [] for kind in WORDS}
    subjects: list[tuple[str, str | None]] = []
    pending: str | None = None
    tint: str | None = None
    land: str | None = None
    negated = False
    age = 0
    for word in words:
        age += 1
        if word in NEGATIONS:
            negated = True
            continue
        meanings = _meanings(word)
        if negated and meanings:
            ruled_out |= {word} | {value for _, value in meanings}
            negated = False
            continue
        if word in COLOURS and word not in ruled_out:
            tint = tint or pending
            pending, age = COLOURS[word], 0
            continue
        for kind, value in meanings:
            if value in ruled_out or value in found[kind]:
                continue
            found[kind].append(value)
            if kind == "subject":
                near = pending if age <= 2 else None
                subjects.append((value, near))
                pending = None if near else pending
            elif kind == "place" and value != "space" and pending and age <= 2 and land is None:
                land, pending = pending, None
    return Brief(
        places=tuple(found["place"]),
        times=tuple(found["time"]),
        weather=frozenset(found["weather"]),
        subjects=tuple(subjects[:3]),
        tint=tint or pending,
        land=land,
        styles=tuple(found["style"]),
        named=frozenset(words) - ruled_out,
        unwanted=frozenset(ruled_out),
    )


def _elements(words: list[str]) -> set[str]:
    return set(words) | {value for word in words for _, value in _meanings(word)}


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text[:MAX_TEXT]).lower()
    plain = " ".join(re.findall(r"[a-z0-9]+", re.sub(r"<[^<>]*>", " ", plain)))
    for phrase, word in PHRASES.items():
        plain = re.sub(rf"\b{phrase}s?\b", word, plain)
    return plain.split()


def _meanings(word: str) -> list[tuple[str, str]]:
    for form in (word, word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("y")):
        if form in _LOOKUP:
            return _LOOKUP[form]
    return []
