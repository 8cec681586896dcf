"""Posts become samples: which posts are selected, and the samples and contacts of each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import IO

from corpus.extraction.advertising import find_advertising
from corpus.extraction.answers import extract_answer, extract_review
from corpus.extraction.contacts import hide_contacts
from corpus.extraction.questions import ask
from corpus.raw.documents import Document, cut_documents
from corpus.raw.dropped import format_advertising, format_copy
from corpus.raw.duplicates import DuplicateFinder
from corpus.raw.normalization import standardize_labels
from corpus.raw.posts import Post
from corpus.samples import Sample
from corpus.template import Answer, Contact, Template, count_markers

DOUBTFUL = 0.2  # expected wrong beginnings for each post, from which posts may be mixed


@dataclass(frozen=True)
class SelectedPost:
    """A post that samples are made from."""

    number: int  # counted from 0 over the posts that are not copies
    family: int  # number of the first post of its family
    post: Post


@dataclass(frozen=True)
class PreparedPost:
    """The samples and contacts of a post."""

    source: str  # file name
    line: int  # number of its first line in the file, counted from 1
    size: int  # bytes of its text
    samples: list[Sample]
    contacts: list[Contact]  # of all its documents
    documents: int
    markers: int  # in its text, where they are neutralised


@dataclass
class Tally:
    """What the posts became, for the report."""

    posts: int = 0
    documents: int = 0
    samples: int = 0
    sample_bytes: int = 0
    kept_bytes: int = 0
    duplicate_posts: int = 0
    duplicate_bytes: int = 0
    advertising_posts: int = 0
    advertising_bytes: int = 0
    markers: int = 0
    doubt: float = 0.0  # the expected number of lines that are wrongly judged to begin a post or not

    @property
    def all_posts(self) -> int:
        """The posts of the text."""
        return self.posts + self.dropped_posts

    @property
    def posts_may_be_mixed(self) -> bool:
        """Whether so many beginnings of posts are uncertain that the user should know."""
        return self.doubt > DOUBTFUL * self.all_posts

    @property
    def dropped_posts(self) -> int:
        """The posts that no samples are made from."""
        return self.duplicate_posts + self.advertising_posts

    def add_duplicate(self, post: Post) -> None:
        """Count a copy of an earlier post."""
        self.duplicate_posts += 1
        self.duplicate_bytes += _size(post)

    def add_advertising(self, post: Post) -> None:
        """Count an advertising post."""
        self.advertising_posts += 1
        self.advertising_bytes += _size(post)

    def add_prepared(self, prepared: PreparedPost) -> None:
        """Count a post with its samples."""
        self.posts += 1
        self.kept_bytes += prepared.size
        self.documents += prepared.documents
        self.samples += len(prepared.samples)
        self.sample_bytes += sum(len(sample.text.encode()) for sample in prepared.samples)
        self.markers += prepared.markers


def _text_of(post: Post) -> str:
    return "\n".join(post.lines)


def _size(post: Post) -> int:
    """Bytes of the text of a post."""
    return len(_text_of(post).encode())


def select_posts(
    posts: Iterable[Post], finder: DuplicateFinder, tally: Tally, dropped_file: IO[str]
) -> Iterator[SelectedPost]:
    """Yield the posts that are neither copies of earlier ones nor advertising; list the others in `dropped_file`."""
    for post in posts:
        tally.doubt += post.doubt
        finding = finder.add(post)
        if finding.original is not None:
            tally.add_duplicate(post)
            dropped_file.write(format_copy(post, finding.original, finding))
        elif evidence := find_advertising(_text_of(post)):
            tally.add_advertising(post)
            dropped_file.write(format_advertising(post, evidence))
        else:
            yield SelectedPost(finding.number, finding.family, post)


def prepare_post(
    selected: SelectedPost, template: Template, max_characters: int, questions: int, keep_contacts: bool
) -> PreparedPost:
    """Cut a post into documents and write the samples of each, `questions` of them closed-book.

    Without `keep_contacts`, the samples contain placeholders such as <TEL> in place of the values of contacts.
    """
    post = selected.post
    text = standardize_labels(_text_of(post))
    documents = cut_documents(replace(post, lines=tuple(text.split("\n"))), selected.number, max_characters)
    samples = []
    all_contacts = []
    for document in documents:
        extract = extract_review if template.style == "summary" else extract_answer
        answer = extract(document)
        contacts = [contact for of_institution in answer.contacts.values() for contact in of_institution]
        for kind, written in _write_samples(document, answer, template, questions):
            shown = written if keep_contacts else hide_contacts(written, contacts)
            samples.append(Sample.of(document, selected.family, kind, shown))
        all_contacts += contacts
    return PreparedPost(post.source, post.line, _size(post), samples, all_contacts, len(documents), count_markers(text))


def _write_samples(document: Document, answer: Answer, template: Template, questions: int) -> Iterator[tuple[str, str]]:
    """The kind and the text of each sample of a document."""
    if template.style == "summary":
        yield "summary", template.write_sample("", document.text, answer)
        return
    yield "grounded", template.write_sample(ask(document), document.text, answer)
    # Without [DOC], the details contain the whole document, so that the model learns from all of the text.
    closed_book = replace(answer, details=document.text)
    for variant in range(1, questions + 1):
        yield "closed-book", template.write_sample(ask(document, variant), "", closed_book)
