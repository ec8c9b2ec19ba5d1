"""Names for people who have none: MovieLens knows numbers, a simulation nobody. None could be taken for a real one."""

from dataclasses import dataclass

GIVEN = (
    "Airy", "Blithe", "Brisk", "Candid", "Cosy", "Dapper", "Deft", "Eager", "Fabled", "Fleet", "Frosty", "Gentle",
    "Gilded", "Hardy", "Hushed", "Jaunty", "Keen", "Lively", "Lunar", "Mellow", "Merry", "Nimble", "Placid", "Quaint",
    "Rustic", "Sable", "Snug", "Spry", "Sunlit", "Tidy", "Velvet", "Wistful",
)  # fmt: skip
FAMILY = (
    "Anvilbird", "Bellflower", "Cloudberry", "Driftwood", "Emberfox", "Fernhollow", "Gearwhistle", "Hazelmoth",
    "Inkwater", "Jadepebble", "Kitestring", "Lanternfish", "Mosslight", "Nightkettle", "Oatmeadow", "Paperboat",
    "Quillfeather", "Ravenspool", "Saltmarsh", "Thimbleweed", "Umbercroft", "Vineladder", "Wickerlake", "Yarrowgate",
    "Zephyrtop", "Applecart", "Brambleknot", "Copperfern", "Dustvane", "Everlamp", "Foxglovely",
)  # fmt: skip
MOVIELENS = "movielens.example.com"


@dataclass(frozen=True, slots=True)
class MadeUpPerson:
    """What the source wants to know of a person who is only a number."""

    username: str
    email: str
    first_name: str
    last_name: str


def made_up_person(number: int, mark: str = "", domain: str = MOVIELENS) -> MadeUpPerson:
    """The same name for the same number, and a user name and an e-mail address that no other ``mark`` and number has.

    The lengths of the two lists share no divisor, so that names repeat only after all 992 of them.
    """
    first, last = GIVEN[number % len(GIVEN)], FAMILY[number % len(FAMILY)]
    username = ".".join(filter(None, (first, last, mark, str(number)))).lower()
    return MadeUpPerson(username, f"{username}@{domain}", first, last)
