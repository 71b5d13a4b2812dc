"""The two faces of the walkthrough tools; the management plane's previews name them too."""

from app.domain.face import CLASSIC, COMPACT, Call, Face

__all__ = ["CLASSIC", "COMPACT", "Call", "Face"]
