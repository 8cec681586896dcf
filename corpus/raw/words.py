"""Korean words and the particles that follow them."""

import re
from functools import lru_cache

# Behind a name, where a particle may follow: "병원", "병원에서", "병원입니다".
OPTIONAL_PARTICLE = (
    r"(?:에서는|에서도|에서|에게|으로|까지|부터|하고|이라는|라는|이고|인데|이나|이|가|은|는|을|를|에|의|로|와|과|도|만|나|랑|님"
    r"|이에요|예요|입니다|요)?"
)
# At the end of a word: "여권을".
FINAL_PARTICLE = re.compile(
    r"(?:에서는|에서도|으로는|이라고|까지는|에게는|에서|으로|에게|까지|부터|이나|라고|하고|보다|처럼|만큼|이랑|은|는|이|가|을|를|에|의|로|와|과|도|만|나)$"
)
CONTENT_WORD = re.compile(r"[가-힣]{2,}|[A-Za-z]{2,}")


def content_words(text: str) -> list[str]:
    """The words of a text that carry its meaning: Hangul without particles, Latin in lower case."""
    return list(map(_word_stem, CONTENT_WORD.findall(text)))


@lru_cache(maxsize=1 << 16)  # a few words make up most of a text
def _word_stem(word: str) -> str:
    return strip_particle(word).lower()


def strip_particle(word: str) -> str:
    """여권을 -> 여권. A word of two syllables stays: it may be a noun that ends like a particle."""
    return FINAL_PARTICLE.sub("", word) if len(word) > 2 else word
