"""Who is there: choosing, signing up, being forgotten."""

import asyncio

from cli.answers import Erasure, NewUser, User
from cli.command import Arguments
from cli.commands.recommendations import show_list
from cli.errors import BadCommand, Refused
from cli.outcome import Outcome, Question
from cli.session import Session
from cli.views.people import people_page
from cli.words import words

_LISTED = 100
_ERASURE_SECONDS = 60
_TRIES = 50  # user names of the same beginning


async def choose(session: Session, given: Arguments) -> Outcome:
    """Become somebody, or show who is there."""
    if given.words[:1] == ("new",):
        return await sign_up(session, Arguments(words=given.words[1:]))
    if given.words:
        raise BadCommand("Say the number of a person: `user 1`; `user` lists them.")
    if given.user_id is None:
        part = await session.api.users(0, _LISTED)
        return Outcome(people_page(part.items, part.next is not None))
    return await _enter(session, await session.api.user(given.user_id), "Hello")


async def _enter(session: Session, user: User, greeting: str) -> Outcome:
    session.become(user)
    outcome = await show_list(session, Arguments())
    return Outcome(outcome.page, f"{greeting}, {user.name}: you are user {user.user_id}.", outcome.then)


async def sign_up(session: Session, given: Arguments) -> Outcome:
    """Make somebody new of a name and an e-mail address, and become them."""
    *name, email = given.words if len(given.words) > 1 else (*given.words, "")
    if "@" not in email:
        name, email = [*name, email], ""
    whole = " ".join(name).strip()
    if not whole:
        return Outcome(question=Question("What are you called?", lambda answer: f"new {answer}" if answer else ""))
    username = "-".join(words(whole)) or "somebody"
    if not email:
        return Outcome(
            question=Question(
                "Your e-mail address (it is masked everywhere, and may be made up)",
                lambda answer: f"new {whole} {answer}",
                f"{username}@example.net",
            )
        )
    first, *rest = whole.split()
    for number in range(1, _TRIES):
        # A name may be taken, and is not asked for; an address that is taken is said.
        attempt = NewUser(f"{username}{number if number > 1 else ''}", email, first, " ".join(rest) or None)
        try:
            return await _enter(session, await session.api.sign_up(attempt), "Welcome")
        except Refused as refused:
            if refused.kind != "taken":
                raise
            if "username" not in str(refused):
                return _other_address(whole, username)
    return _other_address(whole, username)


def _other_address(whole: str, username: str) -> Outcome:
    return Outcome(
        said="Somebody has this e-mail address already.",
        question=Question("Another e-mail address", lambda answer: f"new {whole} {answer}", f"{username}2@example.net"),
    )


async def forget(session: Session, given: Arguments) -> Outcome:
    """Erase the person who is there, once they have typed their number."""
    me = session.me
    if given.words[:1] != ("me",):
        raise BadCommand("Only you can be forgotten: `forget me`.")
    if given.words[1:] != (str(me.user_id),):
        said = "That was not your number: nothing has happened." if given.words[1:] else ""
        if said:
            raise BadCommand(said)
        question = f"Everything about {me.name} is erased for good. Type {me.user_id} to do it"
        return Outcome(question=Question(question, lambda answer: f"forget me {answer}" if answer else ""))
    erasure = await session.api.erase(me.user_id)
    session.become(None)
    session.tell("Gone from the source. What was made of it is being erased…")
    erasure = await _erased(session, erasure)
    done = "a scan found nothing more" if erasure.state == "erased" else "the rest is under way"
    page = (await choose(session, Arguments())).page
    return Outcome(page, f"User {erasure.user_id} is forgotten: {done}.")


async def _erased(session: Session, erasure: Erasure) -> Erasure:
    """The erasure at its end, or as far as it came in a minute."""
    for _ in range(2 * _ERASURE_SECONDS):
        if erasure.state == "erased":
            break
        await asyncio.sleep(0.5)
        erasure = await session.api.erasure(erasure.user_id)
    return erasure
