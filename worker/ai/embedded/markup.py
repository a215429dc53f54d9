"""HTML to plain text, whatever its size, depth or faults; the spans a mail program marked as quoted stay marked."""

from __future__ import annotations

import html

import regex
from inscriptis import get_text
from selectolax.lexbor import LexborHTMLParser, LexborNode

QUOTE_START, QUOTE_END = "\ue000", "\ue001"
"""Private characters around what a mail program marked as quoted."""

_LAYOUT_LIMIT = 200_000  # characters that are laid out with tables; more is only stripped of its tags
_DEPTH_LIMIT = 150  # levels; the parsers slow down or give up on deeper ones

_TAG = regex.compile(
    r"<(?:!doctype|html|head|body|div|p|br|span|table|tbody|tr|td|th|a|b|i|u|ul|ol|li|font|strong|em|img|h[1-6]|pre"
    r"|style|script|blockquote|center|hr|meta|title|section|article)(?:\s[^<>]*+)?/?>",
    regex.IGNORECASE,
)
_ENTITY = regex.compile(r"&(?:#\d{2,6}|#x[0-9a-f]{2,5}|[aou]uml|szlig|nbsp|amp|lt|gt|euro);", regex.IGNORECASE)
_ANY_TAG = regex.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*+)[^<>]*+>")
_BLOCK_TAG = regex.compile(
    r"</?(?:p|div|br|tr|li|ul|ol|table|h[1-6]|blockquote|hr|pre|section|article)\b[^<>]*+>", regex.IGNORECASE
)
_CELL_TAG = regex.compile(r"</?(?:td|th)\b[^<>]*+>", regex.IGNORECASE)
_UNSEEN = (("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>"), ("<head", "</head>"))
_SELF_CLOSING = frozenset(
    "area base br col embed hr img input link meta param source track wbr p li td th tr option dt dd o".split()
)
_HIDDEN = (
    'script, style, head, title, noscript, template, svg, object, iframe, [hidden], [style*="display:none" i], '
    '[style*="display: none" i], [style*="visibility:hidden" i], [style*="mso-hide:all" i], [style*="font-size:0px" i]'
)
_QUOTED = (
    'blockquote[type="cite"], blockquote[cite], blockquote.gmail_quote, blockquote.protonmail_quote, '
    'div.yahoo_quoted, div[name="quote"], div.gmail_attr, div.moz-cite-prefix'
)
_INVISIBLE = regex.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\x00-\x08\x0b\x0e-\x1f]")
_BLANKS = regex.compile(r"[^\S\n]++")
_LINE_ENDS = regex.compile(r" ?\n ?")
_GAPS = regex.compile(r"\n{3,}+")


def is_html(text: str) -> bool:
    """Whether a body is markup rather than plain text."""
    return bool(_TAG.search(text) or _ENTITY.search(text))


def to_text(source: str) -> str:
    """Plain text of an HTML source; quoted spans stand between `QUOTE_START` and `QUOTE_END`."""
    source = _without_unseen(source.replace(QUOTE_START, "").replace(QUOTE_END, ""))
    if len(source) > _LAYOUT_LIMIT or _too_deep(source):
        return tidy(_stripped(source))
    tree = LexborHTMLParser(source)
    _prune(tree)
    laid_out: str = get_text(tree.html or "")
    bare = tree.body.text(separator="\n") if tree.body else ""
    # The layout engine returns nothing for some faulty documents that the parser reads well.
    return tidy(laid_out if len(laid_out.split()) * 2 >= len(bare.split()) else bare)


def tidy(text: str) -> str:
    """The text with single blanks, at most one empty line in a row, and nothing invisible."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    for pattern, replacement in ((_INVISIBLE, ""), (_BLANKS, " "), (_LINE_ENDS, "\n"), (_GAPS, "\n\n")):
        text = pattern.sub(replacement, text)
    return text.strip()


def _prune(tree: LexborHTMLParser) -> None:
    for node in tree.css(_HIDDEN):
        if node.parent is not None:
            node.decompose()
    quoted = tree.css(_QUOTED)
    places = {node.mem_id for node in quoted}
    for node in quoted:
        if not _inside(node, places):
            node.insert_before(QUOTE_START)
            node.insert_after(QUOTE_END)


def _inside(node: LexborNode, places: set[int]) -> bool:
    above = node.parent
    while above is not None:
        if above.mem_id in places:
            return True
        above = above.parent
    return False


def _without_unseen(source: str) -> str:
    for opening, closing in _UNSEEN:
        source = _cut(source, opening, closing)
    return source


def _cut(source: str, opening: str, closing: str) -> str:
    """Removes every span from `opening` to `closing` in one pass; an unclosed one ends the search."""
    lower = source.lower()
    if len(lower) != len(source):  # some letters change their length
        lower = source
    kept, at = [], 0
    while (start := lower.find(opening, at)) >= 0 and (end := lower.find(closing, start)) >= 0:
        kept.append(source[at:start])
        at = end + len(closing)
    return "".join(kept) + source[at:]


def _too_deep(source: str) -> bool:
    depth = 0
    for closing, name in _ANY_TAG.findall(source):
        if name.lower() not in _SELF_CLOSING:
            depth = max(0, depth - 1) if closing else depth + 1
            if depth > _DEPTH_LIMIT:
                return True
    return False


def _stripped(source: str) -> str:
    text = _BLOCK_TAG.sub("\n", source)
    text = _CELL_TAG.sub(" ", text)
    return html.unescape(_ANY_TAG.sub("", text))
