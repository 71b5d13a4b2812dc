"""What authors wrote, made safe to stand between our tags; the management plane shows it too."""

from app.domain.author_text import RECAP_TAG, SECTION_TAGS, block, line

__all__ = ["RECAP_TAG", "SECTION_TAGS", "block", "line"]
