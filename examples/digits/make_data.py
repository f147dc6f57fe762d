"""Writes recordings/digits.csv: the hand-written digits that come with scikit-learn, row by row.

An image of 8 x 8 grey values (0..16) becomes a recording of eight samples, one per row, with eight
channels, one per column, as if a line sensor passed over it once per second. Where the time jumps
back to zero, the next image begins.

Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
Repository, 1998; the copy in sklearn.datasets.load_digits.

    python examples/digits/make_data.py
"""

import csv
from pathlib import Path

from sklearn.datasets import load_digits

TARGET = Path(__file__).parent / "recordings" / "digits.csv"


def main() -> None:
    """Write the file; the same on every machine."""
    digits = load_digits()
    TARGET.parent.mkdir(exist_ok=True)
    with TARGET.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["time_s", "label", *(f"col_{i}" for i in range(8))])
        for image, label in zip(digits.images, digits.target, strict=True):
            for time, row in enumerate(image):
                writer.writerow([time, f"digit_{label}", *(int(v) for v in row)])


if __name__ == "__main__":
    main()
