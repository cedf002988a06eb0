"""Whose code is alike, once names, comments and formatting are taken away: winnowing (Schleimer and others, 2003).

Code becomes words, each run of ``GRAM`` words a hash, and of each window of ``WINDOW`` hashes the smallest is kept: the
code's prints. Two submissions that share ``GRAM + WINDOW - 1`` words in a row share a print, wherever those stand. What
students were given, and what a third of the class has, counts for nobody. What the reference solution has does count:
it is what right work looks like, and two who copied it from each other would be left with nothing to compare.

Words are found with one regular expression and not with ``tokenize``, which stops at the first error of a file, nests
no deeper than 100 levels, and cuts f-strings into other words since Python 3.12.
"""

from __future__ import annotations

import hashlib
import heapq
import keyword
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

GRAM = 12
WINDOW = 4
MIN_PRINTS = 24  # of a submission's own: about 60 words, below which right answers to one question look alike
THRESHOLD = Fraction(1, 2)
COMMON_SHARE = Fraction(1, 3)
COMMON_LEAST = 5  # holders: in a class of six, two who share something are a third of it
BINS = 20
MIN_LINE = 12

MAX_WORDS = 10_000  # of a submission, some 1,000 lines; what stands behind them is not compared
MAX_PAIRS = 10_000
MAX_PLACES = 8  # of one gram in the other's code that are tried when parts are looked for


@dataclass(frozen=True, slots=True)
class Code:
    """The Python files of one submission, by name; ``students`` are those whom it counts for.

    ``party`` holds them and others of whom a likeness says nothing: those of their group.
    """

    id: str
    students: tuple[str, ...]
    files: Mapping[str, str]
    party: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Prints:
    """What is kept of a submission's code to compare it. ``is_cut``: it has more than ``MAX_WORDS`` words."""

    id: str
    students: tuple[str, ...]
    party: frozenset[str]
    prints: frozenset[int]
    digest: str
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """Two submissions that share prints; ``own`` says how many each has that neither the stub nor the class gives."""

    first: Prints
    second: Prints
    shared: int
    own: tuple[int, int]

    @property
    def score(self) -> Fraction:
        """The share of the smaller one's prints that the other has too, from 0 to 1."""
        return Fraction(self.shared, min(self.own))

    @property
    def shares(self) -> tuple[Fraction, Fraction]:
        """The share of each one's prints that the other has too."""
        return Fraction(self.shared, self.own[0]), Fraction(self.shared, self.own[1])


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of comparing a class.

    ``pairs`` are those at or above the threshold, the most alike first; ``unlisted`` is how many more there are.
    ``bins`` counts all pairs by their score, in equal steps from 0 to 1; the last holds 1 too. ``compared`` submissions
    were compared, ``cut`` of them not to their end; ``short`` are those that have too little of their own. ``common``
    are the prints that a part of the class has.
    """

    pairs: tuple[Pair, ...]
    unlisted: int
    bins: tuple[int, ...]
    compared: int
    cut: int
    short: tuple[Prints, ...]
    common: frozenset[int]

    @property
    def pair_count(self) -> int:
        """How many pairs were compared."""
        return sum(self.bins)


class Segment(NamedTuple):
    """A piece of a line. The line counts from 1, columns from 0; ``end`` is behind the last character."""

    file: str
    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Part:
    """Code that two submissions have in common: where it stands in each, and of how many words it is."""

    first: tuple[Segment, ...]
    second: tuple[Segment, ...]
    words: int


# Words.

_STRING = r"""(?i:[rbuf]{1,2})?(?:%s"(?:[^"\\\n]++|\\.)*+"?|'(?:[^'\\\n]++|\\.)*+'?)"""
_LONG = r'"""(?:[^"\\]++|\\.|"(?!""))*+"""|' + r"'''(?:[^'\\]++|\\.|'(?!''))*+'''|"
_WORD = r"""
    (?P<blank>(?:\s|\\\n|\#[^\n]*+)++)
  | (?P<string>{string})
  | (?P<number>0[xXbBoO]\w++|\.?\d(?:[\w.]|(?<=[eE])[+-])*+)
  | (?P<name>[^\W\d]\w*+)
  | (?P<sign>\*\*=?|//=?|>>=?|<<=?|->|:=|\.\.\.|[-+*/%&|^@<>=!]=|.)
"""
_FLAGS = re.VERBOSE | re.DOTALL
_WORDS = re.compile(_WORD.replace("{string}", _STRING % _LONG), _FLAGS)
# Where a long string does not end, each further quote would be looked for up to the end of the file.
_SHORT_STRING_WORDS = re.compile(_WORD.replace("{string}", _STRING % ""), _FLAGS)

_COMMENT = re.compile(r"#[^\n]*+")  # may end in a backslash, which continues nothing

# A line that begins with one of these begins a statement, whatever bracket was left open before it.
_STARTERS = frozenset(
    ["def", "class", "import", "return", "while", "try", "raise", "assert", "del", "pass", "break", "continue"]
)
_IN_IMPORTS = frozenset(["(", ")", ",", ".", "...", "*"])
_KEYWORDS = frozenset(keyword.kwlist)
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_ASSIGNING = re.compile(r"(?:\*\*|//|>>|<<|[-+*/%&|^@])?=|:")


class Word(NamedTuple):
    """A word of a file: ``key`` is what it is compared by, ``begins`` says that it is the first of a statement."""

    key: str
    kind: str
    start: int
    end: int
    begins: bool
    file: str = ""


def read_words(files: Mapping[str, str]) -> tuple[list[Word], bool]:
    """Return the words that files are compared by, in the files' order, and whether some were left out.

    Comments, docstrings, annotations, imports, line breaks and brackets that only group are gone; names are one word,
    but for those of a library's functions and methods behind a dot.
    """
    found: list[Word] = []
    left = MAX_WORDS
    is_cut = False
    for name, text in files.items():
        lexed: list[Word] = []
        for word in _lex(text):
            if len(lexed) >= left:
                is_cut = True
                break
            lexed.append(word)
        left -= len(lexed)
        plain = _drop_groups(_drop_annotations(list(_drop_statements(lexed))))
        found += [word._replace(file=name) for word in _normalise(plain)]
    return found, is_cut


def _lex(text: str) -> Iterator[Word]:
    """Yield the words of any text, in time that grows with its length."""
    place, depth, begins = 0, 0, True
    words = _WORDS
    while match := words.match(text, place):
        kind, word = str(match.lastgroup), match.group()
        start, place = match.span()
        if kind == "blank":
            is_new_line = "\n" in _COMMENT.sub("", word).replace("\\\n", "")
            ahead = words.match(text, place)
            if is_new_line and ahead is not None and ahead.group() in _STARTERS:
                depth = 0
            begins = begins or (is_new_line and depth == 0)
            continue
        if kind == "string" and word[-2:] in ('""', "''") and text.startswith(word[-1], place) and len(word) <= 4:
            words = _SHORT_STRING_WORDS
        depth = max(0, depth + (word in _OPENING) - (word in _CLOSING))
        yield Word(word, kind, start, place, begins)
        begins = word == ";"


def _drop_statements(words: Sequence[Word]) -> Iterator[Word]:
    """Yield what is no import and no string that stands alone."""
    is_import = False
    for place, word in enumerate(words):
        is_last = place + 1 == len(words) or words[place + 1].begins or words[place + 1].key == ";"
        if word.begins:
            is_import = word.key in ("import", "from")
        elif word.kind != "name" and word.key not in _IN_IMPORTS:
            is_import = False  # its bracket was never closed
        if not is_import and word.key != ";" and not (word.begins and word.kind == "string" and is_last):
            yield word


def _drop_annotations(words: Sequence[Word]) -> list[Word]:
    """Return words without the types of parameters, results and variables."""
    kept: list[Word] = []
    place = 0
    while place < len(words):
        word = words[place]
        kept.append(word)
        place += 1
        if word.key == "def" and [one.key for one in words[place + 1 : place + 2]] == ["("]:
            kept += words[place : place + 2]
            place = _keep_parameters(words, place + 2, kept)
        elif word.begins and word.kind == "name" and word.key not in _KEYWORDS:
            while place + 1 < len(words) and words[place].key == "." and words[place + 1].kind == "name":
                kept += words[place : place + 2]
                place += 2
            if place < len(words) and words[place].key == ":" and not words[place].begins:
                place = _skip(words, place, "=")
    return kept


def _keep_parameters(words: Sequence[Word], place: int, kept: list[Word]) -> int:
    """Add the parameters behind a bracket to ``kept``, without their types; return where the body's colon is."""
    depth, lambdas = 1, 0
    while place < len(words) and depth and not words[place].begins:
        word = words[place]
        if word.key == ":" and depth == 1 and not lambdas:
            place = _skip(words, place, ",=)")
            continue
        if depth == 1:
            lambdas = max(0, lambdas + (word.key == "lambda") - (word.key == ":"))
        depth += (word.key in _OPENING) - (word.key in _CLOSING)
        kept.append(word)
        place += 1
    if place < len(words) and words[place].key == "->":
        place = _skip(words, place, ":")
    return place


def _skip(words: Sequence[Word], place: int, ends: str) -> int:
    """Return where the first of some signs stands outside of brackets, or the next statement begins."""
    depth = 0
    while place + 1 < len(words):
        place += 1
        word = words[place]
        if word.begins or (depth == 0 and word.key in ends):
            return place
        depth = max(0, depth + (word.key in _OPENING) - (word.key in _CLOSING))
    return len(words)


def _drop_groups(words: Sequence[Word]) -> list[Word]:
    """Return words without brackets that only group, and without commas that nothing follows.

    Formatters add and take away both.
    """
    kept: list[Word] = []
    is_kept: list[bool] = []  # of the brackets that are open
    for place, word in enumerate(words):
        stays = True
        if word.key in _OPENING:
            stays = word.key != "(" or (place > 0 and not word.begins and _is_operand(words[place - 1]))
            is_kept.append(stays)
        elif word.key in _CLOSING and is_kept:
            stays = is_kept.pop()
        elif word.key == ",":
            after = words[place + 1] if place + 1 < len(words) else None
            stays = after is not None and not after.begins and after.key not in _CLOSING and after.key != "="
        if stays:
            kept.append(word)
    return kept


def _is_operand(word: Word) -> bool:
    """Can what ends with a word be called?"""
    return word.kind == "string" or word.key in _CLOSING or (word.kind == "name" and word.key not in _KEYWORDS)


def _normalise(words: Sequence[Word]) -> Iterator[Word]:
    own = _find_own_attributes(words)
    before = ""
    for word in words:
        key = word.key
        if word.kind == "number":
            key = "0"
        elif word.kind == "string":
            key = "''"
        elif word.kind == "name" and key not in _KEYWORDS and (before != "." or key in own):
            key = "x"
        before = word.key
        yield word._replace(key=key)


def _find_own_attributes(words: Sequence[Word]) -> frozenset[str]:
    """Return the names behind dots that the file itself gives, and that may be changed without changing what it does.

    They are what is set, and all of ``self``. The others, such as ``log_softmax``, belong to libraries: they are what
    tells short programs apart.
    """
    keys = ["", *(word.key for word in words), "", "", ""]
    methods = [place for place, key in enumerate(keys) if key == "def" and keys[place + 2] == "("]
    given = {keys[place + 3] for place in methods if keys[place + 1] == "__init__"}
    receivers = {"self", "cls", *(name for name in given if name.isidentifier())}
    own = {keys[place + 1] for place in methods if keys[place + 3] in receivers}
    for place, key in enumerate(keys[:-3]):
        if key == "." and (keys[place - 1] in receivers or _ASSIGNING.fullmatch(keys[place + 2])):
            own.add(keys[place + 1])
    return frozenset(own)


# Prints.


def hash_grams(words: Sequence[Word]) -> list[int | None]:
    """Return a hash of the ``GRAM`` words that begin at each word; None where they do not stand in one file.

    The same everywhere and always, unlike Python's ``hash``.
    """
    keys = [word.key for word in words]
    hashes: list[int | None] = []
    for place in range(len(words) - GRAM + 1):
        if words[place].file != words[place + GRAM - 1].file:
            hashes.append(None)
            continue
        digest = hashlib.blake2b(" ".join(keys[place : place + GRAM]).encode("utf-8", "replace"), digest_size=8)
        hashes.append(int.from_bytes(digest.digest(), "big"))
    return hashes


def read_given(files: Mapping[str, str]) -> frozenset[int]:
    """Return the hashes of all code that students were given, by name."""
    hashes: set[int | None] = set()
    for name, text in files.items():  # each as far as a submission would be read
        hashes.update(hash_grams(read_words({name: text})[0]))
    return frozenset(found for found in hashes if found is not None)


def take_prints(code: Code, given: frozenset[int]) -> Prints:
    """Return the prints of a submission, less what students were given."""
    words, is_cut = read_words(code.files)
    hashes = [None if found in given else found for found in hash_grams(words)]
    prints = set()
    for place in range(max(1, len(hashes) - WINDOW + 1)):
        window = [found for found in hashes[place : place + WINDOW] if found is not None]
        if window:
            prints.add(min(window))
    digest = hashlib.sha256()
    for text in code.files.values():
        digest.update(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())
    party = code.party | frozenset(code.students)
    return Prints(code.id, code.students, party, frozenset(prints), digest.hexdigest(), is_cut)


# Pairs.


def compare(submissions: Iterable[Prints], threshold: Fraction = THRESHOLD) -> Comparison:
    """Compare every submission with those of all others.

    Of several by the same students the two that are most alike count. The order in which they come changes nothing.
    """
    everything = sorted(submissions, key=lambda one: (one.students, one.id))
    common = _find_common(everything)
    parties: dict[frozenset[str], list[_Masked]] = {}
    short = []
    masks = _Masks(everything, common)
    for one in everything:
        own = len(one.prints - common)
        if own < MIN_PRINTS:
            short.append(one)
        else:
            parties.setdefault(one.party, []).append(_Masked(one, masks.of(one), own))
    kept, bins, found = _compare_parties(list(parties.values()), threshold)
    return Comparison(
        pairs=tuple(kept),
        unlisted=found - len(kept),
        bins=bins,
        compared=sum(map(len, parties.values())),
        cut=sum(one.prints.is_cut for own in parties.values() for one in own),
        short=tuple(short),
        common=common,
    )


class _Masked(NamedTuple):
    prints: Prints
    mask: int
    own: int


class _Masks:
    """Sets of prints as the bits of integers.

    To compare two is one operation on some thousand bits, so all pairs are compared: an index from prints to those who
    have them is no faster in a class that answers one question, and can be made slow on purpose.
    """

    def __init__(self, submissions: Sequence[Prints], common: frozenset[int]) -> None:
        holders = Counter(found for one in submissions for found in one.prints - common)
        shared = sorted(found for found, count in holders.items() if count > 1)
        self._places = {found: place for place, found in enumerate(shared)}

    def of(self, one: Prints) -> int:
        bits = bytearray(len(self._places) // 8 + 1)
        for found in one.prints:
            place = self._places.get(found)
            if place is not None:
                bits[place >> 3] |= 1 << (place & 7)
        return int.from_bytes(bits, "little")


def _find_common(submissions: Sequence[Prints]) -> frozenset[int]:
    """Return the prints that a third of the class or more has.

    The same text handed in by several counts once: however many copy one file, they do not hide it.
    """
    voices: dict[int, set[int]] = {}
    for voice, one in zip(_find_voices(submissions), submissions, strict=True):
        voices.setdefault(voice, set()).update(one.prints)
    holders = Counter(found for prints in voices.values() for found in prints)
    least = max(Fraction(COMMON_LEAST), len(voices) * COMMON_SHARE)
    return frozenset(found for found, count in holders.items() if count >= least)


def _find_voices(submissions: Sequence[Prints]) -> list[int]:
    """Return a number for each submission, the same for those that share a student or have the same text."""
    parents = list(range(len(submissions)))

    def find(place: int) -> int:
        while parents[place] != place:
            parents[place] = parents[parents[place]]
            place = parents[place]
        return place

    first: dict[tuple[str, str], int] = {}
    for place, one in enumerate(submissions):
        for sign in [("text", one.digest), *(("student", student) for student in one.party)]:
            parents[find(place)] = find(first.setdefault(sign, place))
    return [find(place) for place in range(len(submissions))]


def _compare_parties(
    parties: Sequence[Sequence[_Masked]], threshold: Fraction
) -> tuple[list[Pair], tuple[int, ...], int]:
    """Return the pairs at or above the threshold (so many as are kept), all pairs by score, and how many it reaches."""
    bins = [0] * BINS
    found = 0
    ranked: list[tuple[Fraction, int, int, Pair]] = []  # the least alike on top, to go first
    for place, mine in enumerate(parties):
        own_party = mine[0].prints.party
        for other in range(place + 1, len(parties)):
            theirs = parties[other]
            if not own_party.isdisjoint(theirs[0].prints.party):
                continue
            shared, least, first, second = _find_closest(mine, theirs)
            bins[min(shared * BINS // least, BINS - 1)] += 1
            if not shared or shared * threshold.denominator < threshold.numerator * least:
                continue
            found += 1
            pair = Pair(first.prints, second.prints, shared, (first.own, second.own))
            # Of pairs that are equally alike those come first that stand first, in the order of the students.
            push = heapq.heappush if len(ranked) < MAX_PAIRS else heapq.heappushpop
            push(ranked, (pair.score, -place, -other, pair))
    return [pair for *_, pair in sorted(ranked, reverse=True)], tuple(bins), found


def _find_closest(mine: Sequence[_Masked], theirs: Sequence[_Masked]) -> tuple[int, int, _Masked, _Masked]:
    """Return how many prints the two closest submissions share, how many the smaller has, and the two."""
    best: tuple[int, int, _Masked, _Masked] | None = None
    for first in mine:
        for second in theirs:
            shared, least = (first.mask & second.mask).bit_count(), min(first.own, second.own)
            if best is None or shared * best[1] > best[0] * least:
                best = shared, least, first, second
    assert best is not None
    return best


# Parts.


def find_parts(pair: Pair, first: Mapping[str, str], second: Mapping[str, str], given: frozenset[int]) -> list[Part]:
    """Return the code that two submissions have in common, in the order of the first one's.

    Each part is as long as the words stay equal, and holds a print that the two share. ``given`` are the hashes that
    count for nobody: their code is in no part. No word is in two parts, so what one has twice and the other once
    matches once.
    """
    mine, theirs = _Side(first, given), _Side(second, given)
    wanted = pair.first.prints & pair.second.prints - given
    places = _index_grams(theirs)
    taken = [False] * len(theirs.words)
    parts: list[Part] = []
    place = 0
    while place < len(mine.hashes):
        start, length = _find_longest(mine, theirs, place, places.get(mine.hashes[place], ()), taken)
        if length < GRAM:
            place += 1
            continue
        if wanted.isdisjoint(mine.hashes[place : place + length - GRAM + 1]):
            place += length - GRAM + 1  # the rest of it may still begin another part
            continue
        taken[start : start + length] = [True] * length
        found = Part(mine.find_segments(place, length), theirs.find_segments(start, length), length)
        if found.first and found.second:
            parts.append(found)
        place += length
    return parts


def _index_grams(side: _Side) -> dict[int | None, list[int]]:
    places: dict[int | None, list[int]] = {}
    for place, found in enumerate(side.hashes):
        if found is not None and found not in side.given:
            own = places.setdefault(found, [])
            if len(own) < MAX_PLACES:
                own.append(place)
    return places


def _find_longest(
    mine: _Side, theirs: _Side, place: int, starts: Iterable[int], taken: Sequence[bool]
) -> tuple[int, int]:
    """Return where the longest run of the words from ``place`` on begins on the other side, and its length."""
    best = (0, 0)
    file = mine.words[place].file
    for start in starts:
        length, other = 0, theirs.words[start].file
        for left, right in zip(range(place, len(mine.words)), range(start, len(theirs.words)), strict=False):
            left_word, right_word = mine.words[left], theirs.words[right]
            if taken[right] or left_word.key != right_word.key or (left_word.file, right_word.file) != (file, other):
                break
            length += 1
        if length > best[1]:
            best = start, length
    return best


def count_same_lines(first: Mapping[str, str], second: Mapping[str, str], given: Mapping[str, str]) -> int:
    """Return how many lines two submissions share to the letter, comments too, that students were not given.

    Lines of less than ``MIN_LINE`` characters do not count: everybody writes ``else:``.
    """
    mine, theirs = (Counter(_list_lines(files)) for files in (first, second))
    known = set(_list_lines(given))
    return sum(min(count, theirs[line]) for line, count in mine.items() if line not in known)


def _list_lines(files: Mapping[str, str]) -> Iterator[str]:
    for text in files.values():
        yield from (line.strip() for line in text.split("\n") if len(line.strip()) >= MIN_LINE)


@dataclass(frozen=True)
class _Side:
    """One submission of a pair: ``given`` are the hashes that count for nobody."""

    files: Mapping[str, str]
    given: frozenset[int]

    @cached_property
    def words(self) -> list[Word]:
        return read_words(self.files)[0]

    @cached_property
    def hashes(self) -> list[int | None]:
        return hash_grams(self.words)

    @cached_property
    def is_given(self) -> list[bool]:
        """Whether each word stands in code that counts for nobody."""
        covered = [False] * len(self.words)
        for place, found in enumerate(self.hashes):
            if found in self.given:
                covered[place : place + GRAM] = [True] * GRAM
        return covered

    def find_segments(self, start: int, length: int) -> tuple[Segment, ...]:
        """Return the pieces of lines that words from ``start`` on stand in, without what is given."""
        words = [self.words[place] for place in range(start, start + length) if not self.is_given[place]]
        segments: list[Segment] = []
        for word in words:
            for segment in self._split(word):
                last = segments[-1] if segments else None
                # Brackets and commas that are no words stand in what they stand between.
                if last is not None and last[:2] == segment[:2] and not self._between(last, segment).strip(" \t(),;"):
                    segments[-1] = last._replace(end=segment.end)
                else:
                    segments.append(segment)
        return tuple(segments)

    def _between(self, first: Segment, second: Segment) -> str:
        start = self._starts[first.file][first.line - 1]
        return self.files[first.file][start + first.end : start + second.start]

    def _split(self, word: Word) -> Iterator[Segment]:
        starts = self._starts[word.file]
        line = bisect_right(starts, word.start)
        column = word.start - starts[line - 1]
        for piece in self.files[word.file][word.start : word.end].split("\n"):
            if piece:
                yield Segment(word.file, line, column, column + len(piece))
            line, column = line + 1, 0

    @cached_property
    def _starts(self) -> dict[str, list[int]]:
        """Where the lines of each file begin."""
        return {name: [0, *(found.end() for found in re.finditer("\n", text))] for name, text in self.files.items()}
