"""Which signatures a rule still lacks: each signer takes one seat, and a seat may ask for a group.

One person never sits twice, so "one of database and one of security" always takes two people.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence


def free_seats(seats: Sequence[str], people: Sequence[Collection[str]]) -> list[str]:
    """The seats that stay free when these people sit down as well as they can.

    `seats` names the group of each seat, empty for anybody; `people` are the groups that each of them is in.
    """
    sits: dict[int, int] = {}

    def seat(person: int, tried: set[int]) -> bool:
        for number, group in enumerate(seats):
            if number in tried or (group and group not in people[person]):
                continue
            tried.add(number)
            # Whoever sits there may find another seat.
            if number not in sits or seat(sits[number], tried):
                sits[number] = person
                return True
        return False

    for person in range(len(people)):
        seat(person, set())
    return [group for number, group in enumerate(seats) if number not in sits]
