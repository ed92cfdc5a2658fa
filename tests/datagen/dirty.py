"""Write a set of handwriting-like pictures, and plant what curation should find."""

import io
import zipfile

import numpy as np
from PIL import Image, ImageDraw, ImageFont


def symbol(text, number, size=48):
    """A picture of a character, dark on light, that differs from number to number."""
    random = np.random.default_rng(number * 1000 + ord(text))
    image = Image.new("L", (size, size), 255)
    font = ImageFont.load_default(30)
    ImageDraw.Draw(image).text((size / 2, size / 2), text, 0, font, "mm")
    shear, lean = random.uniform(-0.25, 0.25, 2)
    wide, high = random.uniform(0.8, 1.25, 2)
    matrix = (wide, shear, size / 2 * (1 - wide - shear), lean, high, size / 2 * (1 - high - lean))
    return np.asarray(
        image.transform(
            image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC, fillcolor=255
        )
    )


def png(pixels):
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()


def jpeg(pixels, quality=85):
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "JPEG", quality=quality)
    return data.getvalue()


def shifted(pixels, by=3):
    return np.pad(pixels, ((by, 0), (0, by)), constant_values=255)


def clean(texts="AGkR", count=30):
    """Files of a clean set by name."""
    return {
        f"train/U+{ord(text):04X}/{number:03d}.png": png(symbol(text, number))
        for text in texts
        for number in range(count)
    }


def write(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path
