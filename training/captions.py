"""What drawings are called -> captions: names of icons without the words of style, what people say, and what WordNet knows of nouns."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar


def words_of(name: str) -> list[str]:
    """The words of a name, written in any way: ``"BeachUmbrella-24"`` -> ``["beach", "umbrella", "24"]``."""
    return [word for word in re.split(r"[-_ .:]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()) if word]


STYLE = frozenset(
    words_of(
        "outline outlined filled fill duotone duo sharp rounded round bold light thin regular line linear twotone two tone solid alt "
        "variant stroke broken bulk color colored colour icon symbol button badge mini small large o b f x v1 v2 flat square circle "
        "box circled negative plain glow static"
    )
)
SHADED = re.compile(r"duo|two-?tone|bulk|thin|light|negative|glow|broken|static")  # variants of a drawing that are taken last
INTERFACE = frozenset(
    words_of(
        "menu setting settings cog download upload login logout delete add remove plus minus edit search zoom share copy paste undo "
        "redo filter sort refresh sync check close cancel wifi bluetooth usb api code git github google apple microsoft facebook "
        "twitter file folder document page layout align text font format table row grid list view window tab cursor select chart "
        "graph data database server network link user users account profile password chat message email send inbox notification alert "
        "info slash off warning error help question toggle switch slider radio checkbox input form field modal dialog dropdown app "
        "apps arrow arrows chevron caret up down left right forward back next previous import export crop sheet counter handler "
        "loader agent agents node pool stack token prompt model layer frame stream event request response cache queue cluster "
        "pipeline thread socket opacity padding margin border spacer divider protocol release target usage metric scan sketch "
        "template widget component container connection deploy branch commit merge stub synthetic http json xml html css javascript "
        "js sql ai ui ux id nfc gps sim lte webflow figma photoshop adobe mcp llm sensor plug-in plugin vertical horizontal multi "
        "picture image video stop play pause record eject repeat shuffle volume mute call end start exit top bottom center middle "
        "corner side collapse expand reset restore save archive value number percent currency dollar euro yen pound bitcoin privacy "
        "policy equal access accessibility resistor capacitor diode circuit logic gate curve angle axis shape shapes pin location "
        "genitalia groin sex gender condom logo brand button hash theme equipment"
    )
)
COLOURS = words_of("red orange yellow green turquoise blue purple pink brown black grey white")
UNWANTED = re.compile(
    r"skin tone|keycap|^flag(:|$)|o.clock|^[a-z]+-thirty$|regional|button|(?<!and )(?<!heart with )arrow|arrows|blood type|copyright|"
    r"registered|trade mark|mahjong|^input |mobile phones? off|facing right|couple with heart:|^kiss: |^family: |holding hands: |"
    r"^(red|curly|white) hair$|^bald$|zodiac|^(aries|taurus|gemini|cancer|leo|virgo|libra|scorpio|sagittarius|capricorn|aquarius|"
    r"pisces|ophiuchus)$|not litter|potable|pedestrians|prohibited|no smoking|no entry|water closet|customs|baggage claim|"
    r"left luggage|passport control|restroom|men.s room|women.s room|symbol for|medical symbol|part alternation|atm sign|antenna bars|"
    r"vibration|wheelchair symbol|asterisk|loop|no one under|japanese .*button|eight-pointed|name badge|dotted|heavy (dollar|equals)|"
    r"exclamation|question mark|wavy dash|^(plus|minus|divide|multiply)$|record|wireless|component"
)
ALSO = {  # what people call things whose official name is another
    "hot beverage": ("cup of coffee", "coffee", "cup of tea", "tea", "mug"),
    "jack-o-lantern": ("pumpkin", "halloween pumpkin"),
    "automobile": ("car",),
    "oncoming automobile": ("car", "front of a car"),
    "sport utility vehicle": ("car", "suv"),
    "racing car": ("race car", "sports car"),
    "evergreen tree": ("tree", "pine tree", "fir tree"),
    "deciduous tree": ("tree",),
    "sailboat": ("boat", "sailing boat"),
    "motor boat": ("boat",),
    "red heart": ("heart", "love"),
    "grinning face": ("smiley", "smiling face", "happy face"),
    "smiling face with smiling eyes": ("smiley", "happy face"),
    "slightly smiling face": ("smiley", "smiling face"),
    "dog face": ("dog", "puppy"),
    "cat face": ("cat", "kitten"),
    "mouse face": ("mouse",),
    "rabbit face": ("rabbit", "bunny"),
    "pig face": ("pig",),
    "cow face": ("cow",),
    "horse face": ("horse",),
    "tiger face": ("tiger",),
    "monkey face": ("monkey",),
    "dragon face": ("dragon",),
    "panda": ("panda bear",),
    "red apple": ("apple",),
    "tropical fish": ("fish",),
    "locomotive": ("train", "steam train"),
    "airplane": ("plane", "aeroplane"),
    "bicycle": ("bike",),
    "motorcycle": ("motorbike",),
    "delivery truck": ("truck", "lorry", "van"),
    "articulated lorry": ("truck", "lorry"),
    "house with garden": ("house",),
    "glasses": ("spectacles", "eyeglasses"),
    "glowing star": ("star",),
    "crescent moon": ("moon",),
    "full moon": ("moon",),
    "tulip": ("flower",),
    "blossom": ("flower",),
    "hibiscus": ("flower",),
    "rose": ("red rose", "flower"),
    "palm tree": ("tree",),
    "front-facing baby chick": ("chick",),
    "baby chick": ("chick",),
    "sneaker": ("shoe",),
    "snowflake": ("snow",),
    "house": ("home",),
    "person running": ("runner",),
    "woman dancing": ("dancer",),
    "books": ("pile of books",),
    "open book": ("book",),
    "closed book": ("book",),
    "red book": ("book",),
    "old key": ("key",),
    "gem stone": ("diamond", "gem", "jewel"),
    "spider web": ("cobweb",),
    "mount fuji": ("mountain", "snowy mountain"),
    "snow-capped mountain": ("mountain", "snowy mountain"),
    "desert island": ("island",),
    "globe showing europe-africa": ("globe", "planet earth", "earth", "world"),
    "globe showing americas": ("globe", "planet earth", "earth", "world"),
    "globe showing asia-australia": ("globe", "planet earth", "earth", "world"),
    "ringed planet": ("planet", "saturn"),
    "alarm clock": ("clock",),
    "mantelpiece clock": ("clock",),
    "video game": ("game controller", "gamepad"),
    "teacup without handle": ("cup of tea", "tea", "cup"),
    "bottle with popping cork": ("champagne", "bottle"),
    "baguette bread": ("baguette",),
    "cheese wedge": ("cheese",),
    "soft ice cream": ("ice cream", "ice cream cone"),
    "ice cream": ("bowl of ice cream",),
    "hamburger": ("burger", "cheeseburger"),
    "doughnut": ("donut",),
    "aubergine": ("eggplant",),
    "eggplant": ("aubergine",),
    "maize": ("corn",),
    "green apple": ("apple",),
    "tangerine": ("orange fruit", "mandarin"),
    "grapes": ("bunch of grapes",),
    "cherries": ("cherry",),
    "hot dog": ("hotdog",),
    "pot of food": ("cooking pot", "soup", "stew"),
    "steaming bowl": ("bowl of noodles", "soup", "ramen"),
    "spiral shell": ("shell", "sea shell", "snail shell"),
    "front-facing chick": ("chick",),
    "rooster": ("cock", "cockerel"),
    "chicken": ("hen",),
    "ewe": ("sheep",),
    "ram": ("sheep",),
    "two-hump camel": ("camel",),
    "bus": ("coach",),
    "oncoming bus": ("bus",),
    "police car": ("cop car",),
    "fire engine": ("fire truck",),
    "high-speed train": ("train", "bullet train"),
    "metro": ("train", "subway train"),
    "speedboat": ("boat", "motorboat"),
    "ship": ("boat", "cruise ship"),
    "canoe": ("boat",),
    "classical building": ("temple", "museum"),
    "hut": ("house", "cabin"),
    "office building": ("skyscraper", "building"),
    "cityscape": ("city", "skyline"),
    "statue of liberty": ("statue",),
    "sunrise": ("sunset",),
    "sunset": ("sunset over a city",),
    "night with stars": ("city at night",),
    "high voltage": ("lightning", "lightning bolt"),
    "cloud with lightning": ("thunderstorm", "storm"),
    "cloud with rain": ("rain", "rain cloud"),
    "cloud with snow": ("snow",),
    "droplet": ("drop of water", "water drop", "drop"),
    "fire": ("flame",),
    "cowboy hat face": ("cowboy",),
    "beaming face with smiling eyes": ("smiley", "happy face"),
    "smiling face": ("smiley",),
    "crying face": ("sad face",),
    "frowning face": ("sad face",),
    "pouting face": ("angry face",),
    "angry face": ("grumpy face",),
    "waning crescent moon": ("moon",),
    "four leaf clover": ("clover",),
    "fallen leaf": ("autumn leaf", "leaf"),
    "maple leaf": ("leaf", "autumn leaf"),
    "leaf fluttering in wind": ("leaf", "leaves"),
    "potted plant": ("plant", "house plant"),
    "backpack": ("rucksack",),
    "handbag": ("bag",),
    "goggles": ("safety glasses",),
    "sunglasses": ("dark glasses",),
    "camera with flash": ("camera",),
    "laptop": ("laptop computer", "computer"),
    "desktop computer": ("computer",),
    "magnifying glass tilted left": ("magnifying glass",),
    "magnifying glass tilted right": ("magnifying glass",),
    "kitchen knife": ("knife",),
    "fork and knife": ("cutlery",),
    "couch and lamp": ("sofa", "couch"),
    "envelope": ("letter",),
    "scissors": ("pair of scissors",),
    "artist palette": ("palette", "paint palette"),
    "violin": ("fiddle",),
    "american football": ("football",),
    "ferris wheel": ("big wheel",),
    "hot springs": ("hot spring",),
    "locked": ("lock", "padlock"),
    "unlocked": ("open lock", "padlock"),
    "anatomical heart": ("human heart",),
    "blue heart": ("heart",),
    "thumbs up": ("thumb",),
    "mouth": ("lips",),
    "rosette": ("flower",),
    "spouting whale": ("whale",),
    "wrapped gift": ("gift", "present"),
    "birthday cake": ("cake",),
    "shortcake": ("cake",),
    "beer mug": ("beer", "glass of beer"),
    "wine glass": ("wine", "glass of wine"),
    "t-shirt": ("shirt",),
    "running shoe": ("shoe", "sneaker", "trainer"),
    "top hat": ("hat",),
    "castle": ("fortress",),
    "lady beetle": ("ladybug", "ladybird"),
    "honeybee": ("bee",),
    "poultry leg": ("chicken leg", "drumstick"),
    "ear of corn": ("corn",),
    "soccer ball": ("football", "ball"),
    "telephone": ("phone",),
    "mobile phone": ("smartphone", "phone"),
    "light bulb": ("lamp", "bulb"),
    "television": ("tv",),
    "french fries": ("fries",),
    "sun with face": ("sun",),
    "umbrella with rain drops": ("umbrella",),
    "snowman without snow": ("snowman",),
    "water wave": ("wave",),
    "koala": ("koala bear",),
    "fox": ("fox face",),
    "frog": ("frog face",),
    "cooking": ("fried egg", "egg in a pan"),
}


def plain(name: str) -> str:
    """A name of an icon in words, those of style and numbers left out: ``"cat-outline-24"`` -> ``"cat"``."""
    words = words_of(name)
    while words and (words[-1] in STYLE or re.fullmatch(r"[a-z]?\d+[a-z]?|24px|16px", words[-1])):
        words.pop()
    return " ".join(words)


class Wordnet:
    """The nouns of WordNet 3.0 (a folder with its data.noun and index.noun): what their first sense is, and what is a kind of what."""

    CONCRETE: ClassVar[dict[int, str]] = {
        5: "animal",
        6: "artifact",
        8: "body",
        13: "food",
        17: "object",
        18: "person",
        19: "phenomenon",
        20: "plant",
        25: "shape",
    }

    def __init__(self, folder: Path):
        self.kind: dict[str, int] = {}  # of a sense
        self.above: dict[str, list[str]] = {}
        with (folder / "data.noun").open(encoding="latin-1") as file:
            for line in file:
                if not line.startswith(" "):
                    sense, kind = line.split(" ", 2)[:2]
                    self.kind[sense], self.above[sense] = int(kind), re.findall(r" @i? (\d{8}) n", line)
        self.senses: dict[str, list[str]] = {}
        self.known: dict[str, int] = {}  # senses of a noun that were met in texts: a rough count of how common it is
        with (folder / "index.noun").open(encoding="latin-1") as file:
            for line in file:
                if not line.startswith(" "):
                    fields = line.split()
                    at, noun = 4 + int(fields[3]), fields[0].replace("_", " ")
                    self.senses[noun], self.known[noun] = fields[at + 2 :], int(fields[at + 1])

    def base(self, noun: str) -> str:
        """A noun as WordNet has it: itself, else its singular, else ``""``."""
        for form in (noun, noun.removesuffix("s"), noun.removesuffix("es"), noun.removesuffix("ies") + "y"):
            if form in self.senses:
                return form
        return ""

    def concrete(self, noun: str) -> bool:
        """Whether the first thing that a noun means can be seen."""
        senses = self.senses.get(self.base(noun))
        return senses is not None and self.kind[senses[0]] in self.CONCRETE

    def kinds(self, noun: str, all_senses: bool = False) -> set[str]:
        """The senses of a noun (the first alone, if not told otherwise), and all that they are kinds of."""
        seen: set[str] = set()
        waiting = self.senses.get(self.base(noun), [])[: None if all_senses else 1]
        while waiting:
            seen.update(waiting)
            waiting = [up for sense in waiting for up in self.above[sense] if up not in seen]
        return seen

    def is_a(self, noun: str, kind: str) -> bool:
        """Whether a noun can be a kind of another, or the other's synonym: dove, bird."""
        return bool(self.kinds(noun, all_senses=True) & set(self.senses.get(self.base(kind), ())[:3]))

    def nouns(self, count: int) -> list[str]:
        """The commonest concrete nouns of one or two words."""
        those = [noun for noun in self.senses if noun.count(" ") < 2 and re.fullmatch(r"[a-z][a-z -]{2,}", noun) and self.concrete(noun)]
        those.sort(key=lambda noun: (-self.known[noun], len(noun)))
        return those[:count]


def slug(text: str) -> str:
    letters = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c) != "Mn")
    return re.sub(r"[^a-z0-9]", "", letters)


class Emoji:
    """What emoji are called (a folder of emojibase-data/en), and which one a family means by a name of its own.

    ``sets``: for each of some families, its own names by code.
    """

    def __init__(self, folder: Path, sets: Iterable[dict[str, str]] = ()):
        entries = [e for e in json.loads((folder / "data.json").read_text()) if e.get("group") not in (None, 2, 9)]
        self.entries = {self.code(e["hexcode"]): e for e in entries}
        self.names: dict[str, str] = {}
        for code, entry in self.entries.items():
            self.names.setdefault(slug(entry["label"]), code)
        for names in sets:
            for code, name in names.items():
                if self.code(code) in self.entries:
                    self.names.setdefault(slug(name), self.code(code))
        for path in sorted((folder / "shortcodes").glob("*.json")):
            for code, said in json.loads(path.read_text()).items():
                for one in [said] if isinstance(said, str) else said:
                    if self.code(code) in self.entries and len(one) > 2:
                        self.names.setdefault(slug(one), self.code(code))
        for code in self.entries:
            if "-" not in code:
                self.names.setdefault(slug(unicodedata.name(chr(int(code, 16)), code)), code)

    @staticmethod
    def code(text: str) -> str:
        """Code points in lower case, without the one that asks for colour."""
        return text.lower().replace("-fe0f", "").lstrip("0")

    def captions(self, code: str, wordnet: Wordnet) -> list[str]:
        """The label of an emoji, what people call it, and those of its tags that say what it is; [] if it is not wanted.

        Faces and people have tags of how they feel and what they do too: at most six in all.
        """
        entry = self.entries[code]
        label = entry["label"].lower().replace("\u2019", "'")
        if UNWANTED.search(label):
            return []
        label = label.replace(":", "")
        short = (
            [label.removesuffix(" face")]
            if label.endswith(" face") and label.count(" ") == 1 and wordnet.concrete(label.removesuffix(" face"))
            else []
        )
        tags = [
            t.lower()
            for t in entry.get("tags", ())
            if re.fullmatch(r"[A-Za-z][A-Za-z ]{2,}", t) and t.lower() not in label.split() and wordnet.base(t.lower())
        ]
        head = [noun for noun in (label, *label.split()[-1:], *label.split(" with ")[0].split()[-1:]) if wordnet.base(noun)]
        same = [tag for tag in tags if any(wordnet.is_a(noun, tag) or wordnet.is_a(tag, noun) for noun in head)]
        felt = [tag for tag in tags if tag not in same] if entry["group"] in (0, 1) else []
        return list(dict.fromkeys([label, *short, *ALSO.get(label, ()), *same[:4], *felt[: 6 - min(len(same), 4)]]))


def uncoloured(captions: Sequence[str]) -> list[str]:
    """Captions of a drawing that has no colours: "red apple" -> "apple"."""
    return list(dict.fromkeys(re.sub(rf"^((light|dark) )?({'|'.join(COLOURS)}) (?=[a-z])", "", text) for text in captions))


def icon_captions(name: str, wordnet: Wordnet) -> list[str]:
    """Captions of an icon by its name; [] if it is no thing that can be seen, or a sign of user interfaces."""
    words = plain(name).split()
    if not words or len(words) > 3 or any(w in INTERFACE or not re.fullmatch(r"[a-z]{2,}", w) for w in words):
        return []
    turned = [*words[1:], words[0]]
    if len(words) > 1 and " ".join(words) not in wordnet.senses:
        if words[0] in ("food", "weather", "fruit", "animal", "sport", "sports", "vehicle") or (
            words[0] != words[-1] and wordnet.is_a(words[-1], words[0])
        ):
            words = words[1:]  # "food apple", "flower tulip"
        elif " ".join(turned) in wordnet.senses:
            words = turned  # "umbrella beach"
    text = " ".join(words)
    if not (wordnet.concrete(text) if text in wordnet.senses else wordnet.concrete(words[-1])):
        return []
    return list(dict.fromkeys([text, *ALSO.get(text, ())]))


DULL = frozenset(
    words_of(
        "clipart clip art picture drawing simple vector silhouette outline icon icons various misc other "
        "line set collection part work office hardware base technical mix equipment black white bw colour color"
    )
)
NO_CLIPART = re.compile(
    r"^(computer/icons|signs_and_symbols|special|shapes|buttons|logos|unsorted/.*flag|decorations/(borders|frames|patterns))|flag|sign|cards|pattern|border|frame|logo|button|theme|text|letter"
)


def clipart_captions(path: str, svg: str, wordnet: Wordnet) -> list[str]:
    """What a piece of clip art shows, by those of its title, keywords, file and folder that can be seen; the most special first."""
    if NO_CLIPART.search(path):
        return []
    folder, _, stem = path.rpartition("/")
    title = re.search(r"<dc:title>([^<]{2,60})</dc:title>", svg)
    keywords = re.findall(r"<rdf:li>([^<]{3,30})</rdf:li>", svg)

    def clean(text: str) -> str:
        words = [w for w in re.findall(r"[a-z]+", text.lower()) if len(w) > 2 and w not in DULL]
        if words and wordnet.concrete(words[-1]) and words[-1] not in wordnet.senses:
            words[-1] = wordnet.base(words[-1])
        return " ".join(words)

    def wanted(text: str) -> bool:
        words = text.split()
        if not words or any(w in INTERFACE for w in words):
            return False
        return (
            wordnet.concrete(text)
            if text in wordnet.senses
            else len(words) <= 3 and wordnet.concrete(words[-1]) and all(wordnet.base(w) for w in words)
        )

    named = [clean(keyword) for keyword in [*keywords, *folder.split("/")[1:]]]
    named = sorted(dict.fromkeys(n for n in named if wanted(n)), key=lambda noun: -len(wordnet.kinds(noun.split()[-1])))
    starts = re.findall(r"[a-z]+", stem.lower())  # "bald_eagle_john_smith_01": who drew it comes last
    begun = [text for n in (3, 2, 1) if wanted(text := clean(" ".join(starts[:n])))][:1]
    called = [text for text in (clean(title.group(1)) if title else "", *begun) if wanted(text)]
    sure = [text for text in called if text in named or any(wordnet.is_a(text.split()[-1], other) for other in named)]
    rest = [text for text in called if text in wordnet.senses and "architett" not in stem]  # one who gave much has Italian names
    return list(dict.fromkeys([*sure, *(named if sure else (*rest, *named))]))[:4]
