"""People: sign up, change, and read what everybody may see of anybody."""

from http import HTTPStatus

from api.handlers.paging import page
from api.keys import ERASING
from api.problems import not_found
from api.resources.forms import NoBody, NoParameters, PageQuery, UserPath
from api.resources.people import Erasure, NewUser, User, UserAnswer, UserPage, UserUpdate
from api.routes import Call, Reply, Route, written
from api.tokens import Scope


async def list_users(call: Call[NoParameters, PageQuery, NoBody]) -> Reply:
    """List people, their names masked but for the scope `admin`."""
    store = call.store
    if call.scope.covers(Scope.ADMIN):
        return Reply(page(await store.people(call.query), call.query, lambda person: person.user_id))
    return Reply(page(await store.users(call.query), call.query, lambda user: user.user_id))


async def sign_up(call: Call[NoParameters, NoParameters, NewUser]) -> Reply:
    """Sign somebody up. The answer is what everybody sees of them: names masked, no e-mail address, no user name."""
    put = await call.store.add_user(call.body)
    return written(put, Location=f"/users/{put.value.user_id}")


async def read_user(call: Call[UserPath, NoParameters, NoBody]) -> Reply:
    """Read one person, their names masked but for the scope `admin`."""
    store = call.store
    read = store.person if call.scope.covers(Scope.ADMIN) else store.user
    user = await read(call.path.user_id)
    if user is None:
        raise not_found("user")
    return Reply(user)


async def change_user(call: Call[UserPath, NoParameters, UserUpdate]) -> Reply:
    """Change what is named of a person; the rest stays."""
    put = await call.store.change_user(call.path.user_id, call.body)
    if put is None:
        raise not_found("user")
    return written(put)


async def erase_user(call: Call[UserPath, NoParameters, NoBody]) -> Reply:
    """Erase a person: gone from the source at once, and from everything that was made of it soon after."""
    erasure = await call.store.erase_user(call.path.user_id)
    if erasure is None:
        raise not_found("user")
    headers = {"Location": f"/erasures/{erasure.user_id}"}
    return Reply(erasure, HTTPStatus.ACCEPTED, headers, committed=call.app[ERASING].requested)


ROUTES = (
    Route(
        method="GET",
        path="/users",
        handler=list_users,
        takes=(NoParameters, PageQuery, NoBody),
        gives={HTTPStatus.OK: UserPage},
    ),
    Route(
        method="POST",
        path="/users",
        handler=sign_up,
        takes=(NoParameters, NoParameters, NewUser),
        gives={HTTPStatus.CREATED: User},
        problems=(HTTPStatus.CONFLICT,),
        commits=True,
    ),
    Route(
        method="GET",
        path="/users/{user_id}",
        handler=read_user,
        takes=(UserPath, NoParameters, NoBody),
        gives={HTTPStatus.OK: UserAnswer},
        problems=(HTTPStatus.NOT_FOUND,),
    ),
    Route(
        method="PATCH",
        path="/users/{user_id}",
        handler=change_user,
        takes=(UserPath, NoParameters, UserUpdate),
        gives={HTTPStatus.OK: User},
        problems=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
        commits=True,
    ),
    Route(
        method="DELETE",
        path="/users/{user_id}",
        handler=erase_user,
        takes=(UserPath, NoParameters, NoBody),
        gives={HTTPStatus.ACCEPTED: Erasure},
        problems=(HTTPStatus.NOT_FOUND,),
    ),
)
