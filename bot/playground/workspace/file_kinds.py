"""What kind of file something is: for the app by its name, for a browser by what it really holds."""

import mimetypes

# The first bytes of the pictures that a browser may show in the page's origin. No SVG: it can hold scripts.
_PICTURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_PRETTY = {"png": "PNG", "jpg": "JPEG", "gif": "GIF", "webp": "WebP", "text": "Plain Text", "pdf": "PDF"}
_TYPES = {"txt": "text", "log": "text", "jpeg": "jpg", "htm": "html", "yml": "yaml"}


def declared(name: str) -> tuple[str, str, str]:
    """(mimetype, filetype, pretty_type) as Slack tells the app, by the ending of the name alone."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    filetype = _TYPES.get(ending, ending) or "binary"
    mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return mimetype, filetype, _PRETTY.get(filetype, filetype.upper())


def picture(content: bytes) -> str:
    """The content type of a picture that is safe to show; empty for everything else, whatever its name."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _PICTURES if content.startswith(start)), "")
