"""Units as text, for people: bytes in kB (1000 B), counts with separators, durations."""


def bytes_text(count: int) -> str:
    """``12.3 kB`` (1 kB = 1000 B); exact below 1000 B."""
    if abs(count) < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if abs(count) < 1_000_000 else f"{count / 1_000_000:.2f} MB"


def count_text(count: float) -> str:
    """``1 234 567``: digits in groups of three (SI brochure, section 5.4.4)."""
    return f"{count:,.0f}".replace(",", " ")


def figure_text(value: float) -> str:
    """A count in full, ``109 576``; what is no whole number to three digits, ``1.54``."""
    whole = isinstance(value, int) or abs(value) >= 1000
    return count_text(value) if whole else f"{value:.3g}"


def percent_text(share: float) -> str:
    """``97.5 %`` for 0.975."""
    return f"{100 * share:.1f} %"
