"""ClickHouse out of its wheel, with the configuration that docker-compose.yml mounts into the public image."""

import os
import re
import shutil
import sys
from pathlib import Path

MOUNTED = Path("/etc/clickhouse-server")
FOLDER = Path("/tmp/clickhouse")
DATA = Path("/var/lib/clickhouse")
# The wheel's server logs itself in to open its listeners; what is mounted takes the user away that it does so as
_STARTER = """\
<clickhouse>
  <users>
    <default>
      <no_password />
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT SYSTEM LISTEN ON *.*</query>
        <query>GRANT SELECT ON system.numbers</query>
      </grants>
    </default>
  </users>
</clickhouse>
"""
_CONFIGURATION = f"""\
<clickhouse>
  <users_config>users.xml</users_config>
  <tmp_path>{FOLDER}/tmp/</tmp_path>
  <user_files_path>{FOLDER}/user_files/</user_files_path>
  <log-level>warning</log-level>
</clickhouse>
"""


def prepare() -> None:
    """Lay the configuration out as the server looks for it."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    for part in ("config.d", "users.d"):
        (FOLDER / part).mkdir(parents=True)
    (FOLDER / "config.xml").write_text(_CONFIGURATION)
    (FOLDER / "users.xml").write_text(_STARTER)
    shutil.copy(MOUNTED / "config.d" / "dataflix.xml", FOLDER / "config.d")
    users = (MOUNTED / "users.d" / "dataflix.xml").read_text()
    (FOLDER / "users.d" / "dataflix.xml").write_text(re.sub(r"<default remove=.*/>", "", users))
    (FOLDER / "data").symlink_to(DATA)


if __name__ == "__main__":
    prepare()
    command = [sys.executable, "/embedded/clickhouse_server.py", str(FOLDER)]
    os.execv(command[0], command)  # noqa: S606
