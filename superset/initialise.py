"""Bring Superset's database up to its release, with its roles and its administrator: once, before the server starts.

Runs in Superset's environment. The same as `superset db upgrade`, `superset fab create-admin` and `superset init`, in
one process: importing Superset takes longer than all three.
"""

import os

from flask_migrate import upgrade
from superset.app import create_app


def main() -> None:
    """Do whatever of it has not been done, and give the administrator the password of SUPERSET_ADMIN_PASSWORD."""
    app = create_app()
    with app.app_context():
        from superset.extensions import appbuilder  # noqa: PLC0415 - wants an application

        upgrade()
        security = appbuilder.sm
        appbuilder.add_permissions(update_perms=True)
        security.sync_role_definitions()
        name, password = os.environ["SUPERSET_ADMIN_USER"], os.environ["SUPERSET_ADMIN_PASSWORD"]
        known = security.find_user(username=name)
        if known is None:
            security.add_user(name, "Dataflix", "Admin", "admin@localhost", security.find_role("Admin"), password)
        else:
            security.reset_password(known.id, password)


if __name__ == "__main__":
    main()
