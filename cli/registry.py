"""All commands: the one table that parsing, completion, help and the menu are made of."""

from cli.command import Arguments, Command, Commands, Takes
from cli.commands import movies, opinions, people, pipeline, recommendations
from cli.errors import BadCommand
from cli.outcome import Outcome, Then
from cli.session import Session
from cli.views.help import command_page, help_page
from cli.words import nearest

_KEYS = ("emacs", "vi")


async def _menu(_session: Session, _given: Arguments) -> Outcome:
    return Outcome(then=Then.OPEN_MENU)


async def _leave(_session: Session, _given: Arguments) -> Outcome:
    return Outcome(then=Then.LEAVE)


async def _keys(_session: Session, given: Arguments) -> Outcome:
    if len(given.words) != 1 or given.words[0] not in _KEYS:
        raise BadCommand("Say which keys: `keys vi` or `keys emacs`.")
    return Outcome(keys=given.words[0], said=f"The line is edited with the keys of {given.words[0]}.")


async def _help(_session: Session, given: Arguments) -> Outcome:
    if not given.text:
        return Outcome(help_page(COMMANDS))
    command = COMMANDS.find(given.text)
    if command is None:
        near = nearest(given.text, COMMANDS.names)
        raise BadCommand(f"There is no command “{given.text}”" + (f": did you mean `{near}`?" if near else "."))
    return Outcome(command_page(command))


async def _recommend(session: Session, given: Arguments) -> Outcome:
    return await recommendations.show_list(session, given)


_LIST = ("genre", "limit")

COMMANDS = Commands(
    (
        Command(
            "recommend", "What to watch next, live: the list moves as ratings come through the stream", _recommend,
            Takes.MAYBE_USER, "[USER]", ("recommendations", "list", "foryou"), _LIST, "For you",
            "recommend genre:drama",
        ),
        Command(
            "movies", "Search and browse the catalogue; slips of the finger are forgiven", movies.browse,
            Takes.SEARCH, "[WORDS]", ("browse", "search", "find"), ("genre", "year", "director", "limit"),
            "Browse movies", "movies blade genre:sci-fi",
        ),
        Command(
            "rate", "Give a movie stars, halves too, and a thumb if you like", opinions.rate,
            Takes.TITLE_AND_STARS, "MOVIE STARS [like|dislike]", ("stars",), example="rate heat 4.5",
        ),
        Command("like", "Thumb up for a movie that has stars", opinions.like, Takes.TITLE, "MOVIE"),
        Command("dislike", "Thumb down for a movie that has stars", opinions.dislike, Takes.TITLE, "MOVIE"),
        Command(
            "watched", "Mark a movie as watched; alone it shows what you have watched", opinions.watched,
            Takes.MAYBE_TITLE, "[MOVIE]", ("seen",), menu="What I have watched", example="watched heat",
        ),
        Command("ratings", "The stars you gave", opinions.ratings, aliases=("mine",), menu="My ratings"),
        Command(
            "popular", "What most people chose", movies.popular,
            options=_LIST, menu="What is popular", example="popular genre:drama",
        ),
        Command(
            "similar", "Movies that go with a movie", movies.similar,
            Takes.TITLE, "MOVIE", options=("limit",), example="similar heat",
        ),
        Command("movie", "All about a movie", movies.about, Takes.TITLE, "MOVIE", ("about", "show")),
        Command("unrate", "Take the stars of a movie back", opinions.unrate, Takes.TITLE, "MOVIE"),
        Command("unwatch", "Take the mark of a watched movie away", opinions.unwatch, Takes.TITLE, "MOVIE"),
        Command("undo", "Take the last thing back, and the one before it …", opinions.undo, menu="Undo"),
        Command(
            "user", "Become somebody; alone it shows who is there", people.choose,
            Takes.USER, "[NUMBER]", ("users", "people", "login"), menu="Be somebody else", example="user 1",
        ),
        Command(
            "new", "Sign up somebody new, and become them", people.sign_up,
            Takes.NAME_AND_EMAIL, "[NAME EMAIL]", ("signup",), menu="Sign up somebody new",
            example="new Ada Lovelace ada@example.net",
        ),
        Command(
            "forget", "Erase yourself, everywhere and for good; asks for your number first", people.forget,
            Takes.ME, "me [NUMBER]", menu="Forget me", example="forget me",
        ),
        Command(
            "pipeline", "The stream at work: changes a second, lag, time from commit, model", pipeline.show,
            aliases=("status", "health"), menu="The pipeline at work",
        ),
        Command("menu", "What there is to do, to choose from", _menu),
        Command(
            "help", "Every command and key; of one command more", _help, Takes.COMMAND, "[COMMAND]", ("?",),
            menu="Help",
        ),
        Command("keys", "Edit the line with the keys of vi or emacs", _keys, Takes.KEYS, "vi|emacs"),
        Command("quit", "Leave", _leave, aliases=("exit", "bye", "q"), menu="Leave"),
    )
)  # fmt: skip
