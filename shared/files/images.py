"""Images decoded and written anew, so that nothing but pixels is left. Runs in a worker's child."""

import struct
import warnings
import zlib
from io import BytesIO
from typing import Final

from PIL import Image, ImageFile, ImageOps, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from shared.files.sniff import JPEG, PNG, WEBP
from shared.worker.jobs import JobRefused

QUALITY: Final = 90
"""Of a JPEG; print on a photographed paper stays readable."""
_FORMATS: Final = {
    JPEG: JpegImagePlugin.JpegImageFile.format,
    PNG: PngImagePlugin.PngImageFile.format,
    WEBP: WebPImagePlugin.WebPImageFile.format,
}
"""The readers that are there, and no other."""
_BROKEN: Final = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)

ImageFile.LOAD_TRUNCATED_IMAGES = False
# The limit is ours, by purpose, and looked at before anything is decoded.
Image.MAX_IMAGE_PIXELS = None


def rewritten(data: bytes, found: str, pixels: int, limit: int) -> tuple[str, bytes]:
    """Return type and bytes of an image as it is kept: JPEG, or PNG where it was one or has alpha.

    It stands upright; metadata, profile and comments are gone. A PNG that would be longer than
    `limit` becomes a JPEG. A WebP has half of `pixels`. Refuses `too_many_pixels`, `cut_off`,
    `does_not_decode` and `too_large`.
    """
    image = _decoded(data, found, pixels)
    image = ImageOps.exif_transpose(image)
    image.info = {}
    if found == PNG or _see_through(image):
        written = _png(image)
        if len(written) <= limit:
            return PNG, written
    written = _jpeg(image)
    if len(written) > limit:
        raise JobRefused("too_large")
    return JPEG, written


def _decoded(data: bytes, found: str, pixels: int) -> Image.Image:
    try:
        with warnings.catch_warnings(action="ignore"):
            image = Image.open(BytesIO(data), formats=[_FORMATS[found]])
            if image.width * image.height > (pixels // 2 if found == WEBP else pixels):
                raise JobRefused("too_many_pixels")
            image.load()
    except _BROKEN as error:
        truncated = "truncated" in str(error)
        raise JobRefused("cut_off" if truncated else "does_not_decode") from None
    return image


def _see_through(image: Image.Image) -> bool:
    if not image.has_transparency_data:
        return False
    return _with_alpha(image).getchannel("A").getextrema() != (255, 255)


def _with_alpha(image: Image.Image) -> Image.Image:
    return image if image.mode == "RGBA" else image.convert("RGBA")


def _png(image: Image.Image) -> bytes:
    if image.mode not in {"1", "L", "LA", "RGB", "RGBA"}:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    return _saved(image, "PNG")


def _jpeg(image: Image.Image) -> bytes:
    if image.has_transparency_data:
        seen = _with_alpha(image)
        image = Image.new("RGB", seen.size, "white")
        image.paste(seen, mask=seen.getchannel("A"))
    elif image.mode not in {"L", "RGB"}:
        image = image.convert("RGB")
    return _saved(image, "JPEG", quality=QUALITY)


def _saved(image: Image.Image, form: str, **options: int) -> bytes:
    out = BytesIO()
    image.save(out, form, **options)
    return out.getvalue()
