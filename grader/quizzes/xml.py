"""XML, written so that any reader finds the same texts, and read from anybody without being led astray."""

from __future__ import annotations

from lxml import etree

from grader.display import clean_line
from grader.errors import InputError

MAX_BYTES = 50_000_000  # pictures are inside
MAX_TAGS = 1_000_000  # a tree takes far more memory than its text
MAX_DEPTH = 100


def start(tag: str, namespace: str, **attributes: str) -> etree._Element:
    """Return the root of a document, in a namespace that needs no prefix."""
    namespaces: dict[str | None, str] = {None: namespace}
    return etree.Element(f"{{{namespace}}}{tag}", attributes, nsmap=namespaces)  # type: ignore[arg-type]  # stubs know no None


def add(parent: etree._Element, tag: str, text: str | None = None, **attributes: str) -> etree._Element:
    """Add an element, in the namespace of its parent, and return it. Names of attributes may end in ``_``."""
    namespace = etree.QName(parent).namespace
    name = f"{{{namespace}}}{tag}" if namespace else tag
    element = etree.SubElement(parent, name, {key.rstrip("_"): value for key, value in attributes.items()})
    if text is not None:
        element.text = text
    return element


def add_cdata(parent: etree._Element, tag: str, text: str, **attributes: str) -> etree._Element:
    """Add an element whose text keeps its white space: some readers lose what stands alone between two entities."""
    element = add(parent, tag, None, **attributes)
    if text:
        element.text = etree.CDATA(text)  # a ]]> in it is split among two sections
    return element


def to_bytes(root: etree._Element) -> bytes:
    """Return a document in UTF-8, indented."""
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def parse(data: bytes, name: str) -> etree._Element:
    """Parse a document that nobody vouches for. Nothing is fetched, and entities are not replaced.

    Raises:
        InputError: it is too large or nested too deeply, it has a DTD, or it is not XML.
    """
    if len(data) > MAX_BYTES:
        raise InputError(f"{name}: the file is larger than {MAX_BYTES:,} bytes")
    if data.count(b"<") > MAX_TAGS:
        raise InputError(f"{name}: more than {MAX_TAGS:,} tags in one file", "export fewer questions at once")
    # Without huge_tree libxml2 keeps its own limits, on what entities in attributes may grow to among others.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        said = str(error).partition(" (<string>")[0].encode("ascii", "replace").decode()
        message = clean_line(said) or "nothing is in it"
        raise InputError(f"{name}: this is not XML: {message}", "export the quiz again") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise InputError(f"{name}: a document type (DTD) is not taken", "take the <!DOCTYPE …> out")
    if _is_deep(root):
        raise InputError(f"{name}: nested more than {MAX_DEPTH} levels deep")
    return root


def _is_deep(root: etree._Element) -> bool:
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for element in level for child in element]
        if not level:
            return False
    return True


def text_of(element: etree._Element | None) -> str:
    """Return all text inside an element, "" for none."""
    return "".join(map(str, element.itertext())) if element is not None else ""
