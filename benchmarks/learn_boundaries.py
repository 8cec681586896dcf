"""Learn where posts begin: joins labelled posts in many layouts, and trains the two networks of step 01 on them.

    python -m benchmarks.learn_boundaries             # two folds: precision and recall on posts that were not learned
    python -m benchmarks.learn_boundaries --write     # learn from all of them, and write corpus/raw/boundaries.npz

The posts are those of `tests/labelled/*.jsonl` without `fresh.jsonl`, and of `layouts.txt` beside them.
"""

import argparse
import json
import random
import textwrap
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from corpus.raw.boundaries import LEARNED_BOUNDARIES, Gap, apply, judge, layout_features, local_features
from corpus.raw.layout import CHAT_PREFIX, SEPARATOR
from corpus.raw.normalization import normalize
from corpus.raw.posts import LIKELY

import numpy as np
import torch
from torch import nn

ROOT = Path(__file__).resolve().parent.parent
LABELLED = ROOT / "tests" / "labelled"
SEPARATORS = (
    "-----",
    "----",
    "=====",
    "* * *",
    "***",
    "~~~~",
    "____",
    "#####",
    "※※※",
    "━━━━━",
    "- - - - -",
    "<끝>",
    "---",
)
INSIDE = ("...", "○○○", "***", "ㅇㅇㅇ", "~~~", "---", "·····", "■■■")
NAMES = ("하늘이", "관리자", "바다맘", "솔바람", "운영자", "초록이", "김 총무", "세부아빠")
OFFICES = (
    "바기오한글학교장 [직인생략]",
    "관리사무소장",
    "세부한인회",
    "필리핀한인총연합회",
    "운영위원회 위원장",
    "재외국민보호과",
    "학부모회",
)
ENDINGS = (
    "더 궁금한 점이 있으면 댓글로 물어봐 주세요!",
    "읽어 주셔서 감사합니다.",
    "도움이 되셨으면 좋겠습니다.",
    "그럼 다음에 또 올릴게요~",
    "다들 건강하세요.",
    "이상입니다.",
    "수정: 전화번호가 바뀌었네요. 댓글 확인하세요.",
    "추가로 물어보고 싶은 게 있으면 말씀해 주세요!",
)
Post = list[str]  # its lines
Stretch = tuple[list[str], list[Gap], np.ndarray]  # lines with text, what is before each, and whether it begins a post
FILES = 520  # written from the posts of one half
HIDDEN = {"local": 64, "layout": 24}
EPOCHS = 10
MEMBERS = 3  # networks whose outputs are averaged
DECAY = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the weights that all posts teach")
    options = parser.parse_args()
    posts = read_posts()
    if options.write:
        weights = learn(posts)
        arrays: dict[str, Any] = {name: array.astype(np.float16) for name, array in weights.items()}
        np.savez_compressed(LEARNED_BOUNDARIES, **arrays)
        size = LEARNED_BOUNDARIES.stat().st_size
        print(f"{len(posts)} posts -> {LEARNED_BOUNDARIES.relative_to(ROOT)}, {size:,} bytes")
        return
    halves = split(posts, 0)
    for learned, unseen in (halves, halves[::-1]):
        weights = learn(learned)
        for name, style in JOININGS.items():
            counts = np.zeros(3)
            for seed in range(6):
                counts += count(weights, write_file(random.Random(seed), unseen, style, 55))
            print(f"{name:24} precision {counts[2] / counts[0]:.3f}  recall {counts[2] / counts[1]:.3f}")


def read_posts() -> list[Post]:
    """The labelled posts that may be learned from, as clean lines."""
    texts = []
    for path in sorted(LABELLED.glob("*.jsonl")):
        if path.stem != "fresh":
            texts += [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]
    texts += [
        part.partition("\n")[2] for part in (LABELLED / "layouts.txt").read_text(encoding="utf-8").split("%%%%")[1:]
    ]
    posts = [normalize(text).strip("\n").split("\n") for text in texts]
    # The posts of exported chats are known by their format.
    return [post for post in posts if len(post) > 1 and sum(bool(CHAT_PREFIX.match(line)) for line in post) < 3]


def split(posts: list[Post], bit: int) -> tuple[list[Post], list[Post]]:
    """Two halves, by a bit of a hash of the texts."""
    halves: tuple[list[Post], list[Post]] = [], []
    for post in posts:
        halves[zlib.crc32("\n".join(post).encode()) >> bit & 1].append(post)
    return halves


# --- Files written from posts ---


def squeezed(post: Post, _: random.Random) -> Post:
    """The post without blank lines."""
    return [line for line in post if line]


def spaced(post: Post, draw: random.Random) -> Post:
    """The post with a blank line between all lines, and sometimes two."""
    lines = squeezed(post, draw)
    return [text for line in lines for text in (line, *([""] * (2 if draw.random() < 0.05 else 1)))][:-1]


def paragraph(post: Post, draw: random.Random) -> Post:
    """A title line and the body in one line."""
    title, *body = squeezed(post, draw)
    return [title, " ".join(body)] if body else [title]


def wrapped(post: Post, draw: random.Random) -> Post:
    """The post in lines of about equal length."""
    width = draw.randint(24, 48)
    return [piece for line in post for piece in (textwrap.wrap(line, width) or [""])]


def shortened(post: Post, draw: random.Random) -> Post:
    """The first lines of a post."""
    lines = squeezed(post, draw)
    return lines[: draw.randint(2, 6)]


def brief(post: Post, draw: random.Random) -> Post:
    """A title line and the beginning of the body in one line."""
    title, *body = squeezed(post, draw)
    return [title, " ".join(body[: draw.randint(1, 3)])] if body else [title]


def untitled(post: Post, draw: random.Random) -> Post:
    """The post without its first line."""
    rest = post[1:]
    while rest and not rest[0]:
        rest = rest[1:]
    return rest if len(rest) > 1 else post


def headed(post: Post, draw: random.Random) -> Post:
    """The post with a blank line below its title."""
    return [post[0], "", *post[1:]] if len(post) > 2 and post[1] else post


def unheaded(post: Post, draw: random.Random) -> Post:
    """The post without the blank line below its title."""
    return [post[0], *post[2:]] if len(post) > 2 and not post[1] else post


def interrupted(post: Post, draw: random.Random) -> Post:
    """The post with two blank lines or a row of marks somewhere in it."""
    if len(post) < 4:
        return post
    at = draw.randint(2, len(post) - 1)
    between = ["", ""] if draw.random() < 0.5 else [draw.choice(INSIDE)]
    return [*post[:at], *between, *post[at:]]


def dated(post: Post, draw: random.Random) -> Post:
    """The post with a date or a byline as its first line or below its title."""
    year, month, day, hour = draw.randint(2008, 2025), draw.randint(1, 12), draw.randint(1, 28), draw.randint(0, 23)
    lines = [
        f"{year}-{month:02}-{day:02} {hour}:{draw.randint(10, 59)}",
        f"{year}년 {month}월 {day}일",
        f"{year}. {month}. {day}.",
        f"작성자: {draw.choice(NAMES)}",
        f"{draw.choice(NAMES)} | {year}.{month:02}.{day:02} | 조회 {draw.randint(3, 999)}",
        f"등록일 : {year}.{month:02}.{day:02}",
        f"by {draw.choice(NAMES)} {year}. {month}. {day}.",
    ]
    line = draw.choice(lines)
    if draw.random() < 0.5:
        return [post[0], *([""] if draw.random() < 0.3 else []), line, *post[1:]]
    return [line, *(untitled(post, draw) if draw.random() < 0.6 else post)]


def ended(post: Post, draw: random.Random) -> Post:
    """The post with one more sentence below a blank line."""
    return [*post, *([""] * draw.randint(0, 2)), draw.choice(ENDINGS)]


def signed(post: Post, draw: random.Random) -> Post:
    """The post of an office, with a date and the office at its end."""
    day = f"{draw.randint(2008, 2025)}{draw.choice(['년 6월 3일', '. 11. 2.', '년 12월', '. 3. 14'])}"
    return [*post, *([""] * draw.randint(0, 1)), day, *([""] * draw.randint(0, 1)), draw.choice(OFFICES)]


def official(post: Post, draw: random.Random) -> Post:
    """The post as a letter of an office, whose subject is below other lines of its head."""
    office = draw.choice(OFFICES)
    head = [office, f"수신 {draw.choice(['회원사 대표', '학부모', '내부결재', '입주민'])}", f"제목 : {post[0]}"]
    return [*(head if draw.random() < 0.6 else head[1:]), *([""] * draw.randint(0, 1)), *post[1:]]


def excerpt(post: Post, draw: random.Random) -> Post:
    """Two or three lines of a post."""
    lines = squeezed(post, draw)
    start = draw.randint(1, max(1, len(lines) - 3))
    return lines[start : start + draw.randint(2, 3)] or lines


TRANSFORMS: dict[Callable[[Post, random.Random], Post], int] = {
    lambda post, draw: post: 40,
    squeezed: 25,
    spaced: 10,
    paragraph: 10,
    wrapped: 8,
    shortened: 10,
    brief: 10,
    untitled: 5,
    headed: 12,
    unheaded: 12,
    interrupted: 8,
    dated: 14,
    ended: 8,
    signed: 7,
    official: 4,
}


def join_with(draw: random.Random, separators: Sequence[str]) -> list[str]:
    """The lines between two posts."""
    return draw.choice(separators).split("\n")


def joining(draw: random.Random) -> Callable[[random.Random], list[str]]:
    """How the posts of one file are joined."""
    kind = draw.random()
    mark = draw.choice(SEPARATORS)
    padded = draw.choice([mark, f"\n{mark}\n", f"{mark}\n", f"\n\n{mark}\n\n"])
    if kind < 0.26:
        return lambda _: []
    if kind < 0.56:
        return lambda _: [""]
    if kind < 0.72:
        return lambda _: draw.choice([[""] * 2, [""] * 3])
    if kind < 0.9:
        return lambda _: padded.split("\n")
    return lambda again: again.choice([[], [""], ["", ""], ["", "", ""], padded.split("\n"), ["", mark, ""]])


JOININGS: dict[str, list[str]] = {
    "separators": ["----"],
    "one blank line": [""],
    "nothing": [],
}


def write_file(draw: random.Random, posts: list[Post], between: list[str] | None = None, size: int = 0) -> Stretch:
    """Posts drawn at random, transformed and joined in one layout; `between` gives the lines between them."""
    chosen = draw.sample(posts, min(len(posts), size or draw.choice([1, 2, 2, 3, 3, 6, 12, 25, 25, 40, 60])))
    transforms, shares = list(TRANSFORMS), list(TRANSFORMS.values())
    for_all = draw.choices(transforms, shares)[0] if draw.random() < 0.55 and not size else None
    join = joining(draw) if between is None else lambda _: between
    if not size and draw.random() < 0.12:
        # Where lines begin without a title, only the space between them can tell.
        for_all = excerpt
        wide = draw.choice([[""] * 2, [""] * 3, ["***"], ["~~~"], ["", draw.choice(SEPARATORS), ""]])
        join = lambda _: wide  # noqa: E731
    lines: list[str] = []
    begins: set[int] = set()
    for number, post in enumerate(chosen):
        if number:
            lines += join(draw)
        begins.add(len(lines))
        transform = for_all or (draw.choices(transforms, shares)[0] if draw.random() < 0.5 and not size else None)
        lines += transform(post, draw) if transform else post
    return to_stretch(lines, begins)


def to_stretch(lines: list[str], begins: set[int]) -> Stretch:
    """The lines with text, the gaps before them, and which of them begin a post."""
    texts, gaps, labels = [], [], []
    blanks, separator, label = 0, "", False
    for number, line in enumerate(lines):
        label |= number in begins
        if not line.strip():
            blanks += 1
        elif SEPARATOR.match(line):
            separator = line
        else:
            texts.append(line)
            gaps.append(Gap(blanks, separator))
            labels.append(label)
            blanks, separator, label = 0, "", False
    return texts, gaps, np.array(labels, dtype=np.float32)


# --- Learning ---


def learn(posts: list[Post]) -> dict[str, np.ndarray]:
    """The weights of both networks. The second learns from judgements on posts that the first did not learn."""
    halves = split(posts, 1)
    files = [
        [write_file(random.Random(seed * 2 + side), half) for seed in range(FILES)] for side, half in enumerate(halves)
    ]
    local = [[local_features(texts, gaps) for texts, gaps, _ in of_half] for of_half in files]
    labels = [np.concatenate([label for _, _, label in of_half]) for of_half in files]
    judged = []
    for side in (0, 1):
        weights = train(np.concatenate(local[1 - side]), labels[1 - side], "local")
        judged += [apply(own, weights, "local") for own in local[side]]
    stretches = list(zip([*files[0], *files[1]], [*local[0], *local[1]], strict=True))
    # The second network judges twice, and the second time it sees its own judgements.
    once = [
        layout_features(texts, gaps, own, first)
        for ((texts, gaps, _), own), first in zip(stretches, judged, strict=True)
    ]
    layout = train(np.concatenate(once), np.concatenate(labels), "layout")
    judged = [apply(features, layout, "layout") for features in once]
    twice = [
        layout_features(texts, gaps, own, first)
        for ((texts, gaps, _), own), first in zip(stretches, judged, strict=True)
    ]
    layout = train(np.concatenate([*once, *twice]), np.concatenate([*labels, *labels]), "layout")
    return train(np.concatenate([*local[0], *local[1]]), np.concatenate(labels), "local") | layout


def train(features: np.ndarray, labels: np.ndarray, name: str) -> dict[str, np.ndarray]:
    """Weights of several networks with one hidden layer, which differ in their first weights and in their batches."""
    members = [train_one(features, labels, HIDDEN[name], seed) for seed in range(MEMBERS)]
    return {f"{name}.{key}": np.stack([member[key].numpy() for member in members]) for key in members[0]}


def train_one(features: np.ndarray, labels: np.ndarray, hidden: int, seed: int) -> dict[str, torch.Tensor]:
    """The weights of one network."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(features.shape[1], hidden), nn.ReLU(), nn.Linear(hidden, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=DECAY)
    inputs, targets = torch.from_numpy(features), torch.from_numpy(labels)
    steps = EPOCHS * (len(targets) // 512)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / (steps + 1))
    loss_of = nn.BCEWithLogitsLoss()
    for _ in range(steps):
        rows = torch.randint(0, len(targets), (512,))
        batch = nn.functional.dropout(inputs[rows], 0.1)
        optimizer.zero_grad()
        loss_of(model(batch)[:, 0], targets[rows]).backward()
        optimizer.step()
        schedule.step()
    return model.state_dict()


def count(weights: dict[str, np.ndarray], stretch: Stretch) -> np.ndarray:
    """How many beginnings are found, labelled, and both, without the first line."""
    texts, gaps, labels = stretch
    found = judge(texts, gaps, weights)[1:] > LIKELY
    right = labels[1:] > LIKELY
    return np.array([found.sum(), right.sum(), (found & right).sum()])


if __name__ == "__main__":
    main()
