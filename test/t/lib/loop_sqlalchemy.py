"""Reads entities and their profiles by SQLAlchemy: loop_sqlalchemy.py DRIVER ISOLATION LOADING

DRIVER psycopg2 or asyncpg; ISOLATION transaction or AUTOCOMMIT; LOADING lazy, nested, selectin, joined or subquery.
The server is that of PGHOST and PGPORT.
"""
import asyncio
import os
import sys

import sqlalchemy as sa
from sqlalchemy import orm

Base = orm.declarative_base()


class Entity(Base):
    __tablename__ = "entity"
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.Text)
    profiles = orm.relationship("Profile", order_by="Profile.id")


class Profile(Base):
    __tablename__ = "profile"
    id = sa.Column(sa.Integer, primary_key=True)
    entity_id = sa.Column(sa.Integer, sa.ForeignKey("entity.id"))
    kind = sa.Column(sa.Text)
    versions = orm.relationship("Version")


class Version(Base):
    __tablename__ = "version"
    id = sa.Column(sa.Integer, primary_key=True)
    profile_id = sa.Column(sa.Integer, sa.ForeignKey("profile.id"))


LOADING = {
    "lazy": [],
    "nested": [],
    "selectin": [orm.selectinload(Entity.profiles).selectinload(Profile.versions)],
    "joined": [orm.joinedload(Entity.profiles).joinedload(Profile.versions)],
    "subquery": [orm.subqueryload(Entity.profiles).subqueryload(Profile.versions)],
}


def read(connection, loading):
    """Returns how many rows it has read, whichever way."""
    with orm.Session(connection) as session:
        query = session.query(Entity).options(*LOADING[loading]).order_by(Entity.id)
        profiles = [profile for entity in query for profile in entity.profiles]
        if loading == "lazy":
            return len(profiles)
        return sum(len(profile.versions) for profile in profiles)


async def read_async(url, arguments, options, loading):
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(url, connect_args=arguments, execution_options=options)
    async with engine.connect() as connection:
        rows = await connection.run_sync(read, loading)
    await engine.dispose()
    return rows


def main(driver, isolation, loading):
    host, port = os.environ["PGHOST"], os.environ["PGPORT"]
    url = sa.engine.URL.create(f"postgresql+{driver}", "postgres", database="postgres",
                               query={"host": host, "port": port})
    options = {"isolation_level": "AUTOCOMMIT"} if isolation == "AUTOCOMMIT" else {}
    if driver == "asyncpg":
        # What other clients left prepared on PgBouncer's connections is not this one's.
        arguments = {"server_settings": {"application_name": f"{driver} {loading}"},
                     "statement_cache_size": 0, "prepared_statement_cache_size": 0}
        rows = asyncio.run(read_async(url, arguments, options, loading))
    else:
        engine = sa.create_engine(url, connect_args={"application_name": f"{driver} {loading}"}, execution_options=options)
        with engine.connect() as connection:
            rows = read(connection, loading)
        engine.dispose()
    print(rows)


main(*sys.argv[1:])
