"""Migrates a schema of 60 tables by Alembic, up and down, and compares it: migrate_alembic.py FOLDER"""
import os
import sys

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

folder = os.path.join(sys.argv[1], "alembic")
url = sa.engine.URL.create("postgresql+psycopg2", "postgres", database="postgres", query={"host": os.environ["PGHOST"], "port": os.environ["PGPORT"]})
config = Config(os.path.join(sys.argv[1], "alembic.ini"))
config.set_main_option("script_location", folder)
config.set_main_option("sqlalchemy.url", url.render_as_string().replace("%", "%%"))
command.init(config, folder)
with open(os.path.join(folder, "env.py"), "w") as environment:
    environment.write("""
from alembic import context
import sqlalchemy as sa
engine = sa.create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
""")
for revision in range(3):
    script = command.revision(config, message=f"step {revision}")
    with open(script.path) as source:
        text = source.read()
    ups = [f'op.create_table("t{revision}_{n}", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))' for n in range(20)]
    downs = [f'op.drop_table("t{revision}_{n}")' for n in range(20)]
    head, up = text.split("    pass")[:2]
    with open(script.path, "w") as source:
        source.write(head + "    " + "\n    ".join(ups) + up + "    " + "\n    ".join(downs) + "\n")
command.upgrade(config, "head")
engine = sa.create_engine(url)
with engine.connect() as connection:
    metadata = sa.MetaData()
    metadata.reflect(connection)
    compare_metadata(MigrationContext.configure(connection), metadata)
command.downgrade(config, "base")
