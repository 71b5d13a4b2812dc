"""A step as an agent reads it; the management plane previews the same text."""

from app.domain.step_text import progress_bar, progress_line, step_text

__all__ = ["progress_bar", "progress_line", "step_text"]
