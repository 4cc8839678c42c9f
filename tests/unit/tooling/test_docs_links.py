"""README and docs lead somewhere: every relative link and picture exists, every page can be found from the index."""

import re
import unicodedata
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])

_FENCE = re.compile(r"^ *(```|~~~).*?^ *\1 *$", re.MULTILINE | re.DOTALL)
_INLINE_CODE = re.compile(r"`[^`\n]*`")
_MARKDOWN = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_HTML = re.compile(r"\b(?:src|srcset|href)\s*=\s*\"([^\"]+)\"")
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def prose(path: Path) -> str:
    """The page without its code: what looks like a link there is none."""
    return _INLINE_CODE.sub("", _FENCE.sub("", path.read_text("utf-8")))


def relative_links(path: Path) -> list[str]:
    """Targets of links and pictures that stay in this repository, as written."""
    text = prose(path)
    found = [*_MARKDOWN.findall(text), *(part for value in _HTML.findall(text) for part in value.split())]
    return [target for target in found if not _SCHEME.match(target)]


def anchors(path: Path) -> set[str]:
    """The names that a page's headings can be linked by, as Git hosts make them."""
    names = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", _FENCE.sub("", path.read_text("utf-8")), re.MULTILINE):
        kept = "".join(c for c in heading.lower() if c in " -_" or unicodedata.category(c)[0] in "LN")
        names.add(kept.replace(" ", "-"))
    return names


def broken(path: Path, root: Path = ROOT) -> list[str]:
    """Relative links of a page that lead nowhere under `root`, with what is wrong."""
    wrong = []
    for link in relative_links(path):
        target, _, anchor = link.partition("#")
        file = (path.parent / unquote(target)).resolve() if target else path
        if not file.is_relative_to(root) or not file.exists():
            wrong.append(f"{link}: there is no such file")
        elif anchor and file.suffix == ".md" and unquote(anchor) not in anchors(file):
            wrong.append(f"{link}: there is no such heading")
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_every_page_is_linked_from_the_index() -> None:
    index = DOCS / "index.md"
    linked = {(DOCS / link.partition("#")[0]).resolve() for link in relative_links(index)}
    missing = [str(page.relative_to(ROOT)) for page in DOCS.rglob("*.md") if page != index and page not in linked]
    assert missing == []


def test_the_readme_leads_to_the_index() -> None:
    assert "docs/index.md" in relative_links(ROOT / "README.md")


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(path.name[:4]) for path in (DOCS / "decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    """The checker itself: what it must see, and what it must leave alone."""
    (tmp_path / "other.md").write_text("# Start, stop\n", "utf-8")
    page = tmp_path / "page.md"
    page.write_text(
        '# A page\n\n[gone](gone.md) ![lost](lost.png) <img src="away.png"> [out](https://example.com/x)\n'
        "`[code](code.md)`\n\n```md\n[fenced](fenced.md)\n```\n\n"
        "[here](#a-page) [nowhere](#another) [there](other.md#start-stop) [not](other.md#begin) [up](../up.md)\n",
        "utf-8",
    )
    assert broken(page, tmp_path.resolve()) == [
        "gone.md: there is no such file",
        "lost.png: there is no such file",
        "#another: there is no such heading",
        "other.md#begin: there is no such heading",
        "../up.md: there is no such file",
        "away.png: there is no such file",
    ]
