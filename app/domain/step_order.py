"""In which order the steps of a file come."""

from collections.abc import Sequence


def in_order(links: Sequence[int | None], display_orders: Sequence[int | None]) -> list[int]:
    """The indexes of a file's steps in the order that the file means.

    `links` are the indexes of each step's successor, None or negative for none. They decide if they
    form one chain over all steps; else the display orders do, ties in the order of the file, or
    the order of the file alone where one has none.
    """
    chain = _chain(links)
    if chain is not None:
        return chain
    indexes = range(len(links))
    orders = [order for order in display_orders if order is not None]
    return sorted(indexes, key=orders.__getitem__) if len(orders) == len(links) else list(indexes)


def _chain(links: Sequence[int | None]) -> list[int] | None:
    targets = {link for link in links if link is not None and link >= 0}
    beginnings = set(range(len(links))) - targets
    if len(beginnings) != 1:
        return None
    chain: list[int] = []
    at: int | None = beginnings.pop()
    while at is not None and 0 <= at < len(links) and len(chain) < len(links):
        chain.append(at)
        at = links[at]
    is_ended = at is None or at < 0
    return chain if is_ended and len(chain) == len(links) else None
