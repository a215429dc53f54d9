"""The test services keep their word; everything else stands on them."""

from __future__ import annotations

import pytest
import redis
from sqlalchemy import create_engine, inspect, text


@pytest.mark.parametrize("time", ["first", "second"])
def test_every_test_gets_an_empty_database(database_url: str, time: str) -> None:
    engine = create_engine(database_url)
    try:
        assert inspect(engine).get_table_names() == []
        with engine.begin() as connection:
            connection.execute(text(f"CREATE TABLE {time} (id integer)"))
        assert inspect(engine).get_table_names() == [time]
    finally:
        engine.dispose()


@pytest.mark.parametrize("time", ["first", "second"])
def test_every_test_gets_a_migrated_database_without_changes_of_another(migrated_database_url: str, time: str) -> None:
    engine = create_engine(migrated_database_url)
    try:
        tables = inspect(engine).get_table_names()
        assert "alembic_version" in tables
        assert "left_over" not in tables
        with engine.begin() as connection:
            connection.execute(text(f"CREATE TABLE left_over ({time} integer)"))
    finally:
        engine.dispose()


@pytest.mark.parametrize("time", ["first", "second"])
def test_every_test_gets_an_empty_redis(valkey_url: str, time: str) -> None:
    with redis.Redis.from_url(valkey_url) as client:
        assert client.dbsize() == 0
        client.set("time", time)


def test_lower_case_knows_umlauts_on_postgresql(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    try:
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT lower('MÜLLER')")) == "müller"
    finally:
        engine.dispose()
