"""From the domain's objects to GraphQL's types, whose fields have the same names."""

from dataclasses import fields
from typing import Any, TypeVar

Shape = TypeVar("Shape")


def shown(shape: type[Shape], source: object, **more: Any) -> Shape:
    """The source as a GraphQL type: each field that has no resolver is read from it.

    `more` gives the fields that the source does not have.
    """
    kind: Any = shape
    read = {
        field.name: getattr(source, field.name)
        for field in fields(kind)
        if field.init and field.name not in more
    }
    return shape(**read, **more)
