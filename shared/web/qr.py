"""QR codes on pages: an image in a `data:` address, which the pages' policy allows."""

import segno


def qr_image(text: str) -> str:
    """Return a QR code with the margin that cameras need: four modules (ISO/IEC 18004)."""
    return segno.make_qr(text, error="m").svg_data_uri(scale=6, border=4, light="#fff")
