"""The DuckDB tables: a list that only ever grows at its end, so that an old project opens with a new limbeck.

Each entry is applied once, in order, in one transaction; the table `migrations` remembers how many were.
"""

import duckdb

from limbeck.errors import StoreError

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE documents (id VARCHAR PRIMARY KEY, text VARCHAR NOT NULL);
    CREATE TABLE places (run VARCHAR NOT NULL, position INTEGER NOT NULL, key VARCHAR NOT NULL,
        document VARCHAR NOT NULL, source VARCHAR NOT NULL, gold VARCHAR);
    CREATE TABLE calls (id VARCHAR PRIMARY KEY, model VARCHAR NOT NULL, request VARCHAR NOT NULL,
        text VARCHAR NOT NULL, finish VARCHAR NOT NULL, prompt_tokens INTEGER NOT NULL,
        completion_tokens INTEGER NOT NULL, seconds DOUBLE NOT NULL, price DOUBLE NOT NULL, ended DOUBLE NOT NULL);
    CREATE TABLE artifacts (run VARCHAR NOT NULL, step VARCHAR NOT NULL, item VARCHAR NOT NULL,
        value VARCHAR NOT NULL, calls VARCHAR[] NOT NULL, status VARCHAR NOT NULL, error VARCHAR,
        PRIMARY KEY (run, step, item));
    CREATE TABLE taxonomies (run VARCHAR PRIMARY KEY, id VARCHAR NOT NULL, method VARCHAR NOT NULL,
        value VARCHAR NOT NULL);
    CREATE TABLE votes (item VARCHAR NOT NULL, space VARCHAR NOT NULL, annotator VARCHAR NOT NULL,
        label VARCHAR NOT NULL, score DOUBLE NOT NULL);
    CREATE TABLE labels (run VARCHAR NOT NULL, item VARCHAR NOT NULL, space VARCHAR NOT NULL,
        label VARCHAR NOT NULL, confidence DOUBLE NOT NULL, method VARCHAR NOT NULL);
    CREATE TABLE records (run VARCHAR NOT NULL, document VARCHAR NOT NULL, name VARCHAR NOT NULL,
        value VARCHAR NOT NULL, source VARCHAR, status VARCHAR NOT NULL, confidence DOUBLE NOT NULL);
    CREATE TABLE students (id VARCHAR PRIMARY KEY, run VARCHAR NOT NULL, kind VARCHAR NOT NULL,
        space VARCHAR NOT NULL, path VARCHAR NOT NULL, metrics VARCHAR NOT NULL, chosen BOOLEAN NOT NULL);
    CREATE TABLE runs (id VARCHAR PRIMARY KEY, pipeline VARCHAR NOT NULL, config VARCHAR NOT NULL,
        documents INTEGER NOT NULL, status VARCHAR NOT NULL, started DOUBLE NOT NULL, finished DOUBLE,
        summary VARCHAR NOT NULL);
    """,
    """
    CREATE TABLE embeddings (encoder VARCHAR NOT NULL, text VARCHAR NOT NULL, vector FLOAT[] NOT NULL);
    """,
    # Nothing had written to the first table of records.
    """
    DROP TABLE records;
    CREATE TABLE records (run VARCHAR NOT NULL, document VARCHAR NOT NULL, position INTEGER NOT NULL,
        row INTEGER NOT NULL, "column" INTEGER NOT NULL, part INTEGER NOT NULL, value VARCHAR NOT NULL, number DOUBLE,
        type VARCHAR NOT NULL, confidence DOUBLE NOT NULL);
    CREATE TABLE record_values (run VARCHAR NOT NULL, document VARCHAR NOT NULL, position INTEGER NOT NULL,
        place INTEGER NOT NULL, name VARCHAR NOT NULL, key VARCHAR NOT NULL, text VARCHAR, number DOUBLE,
        status VARCHAR NOT NULL, confidence DOUBLE NOT NULL, origin VARCHAR);
    CREATE TABLE record_schemas (run VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);
    """,
    """
    CREATE TABLE pages (id VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);
    """,
    # What can't be right was told from what is unsure by its wording.
    """
    UPDATE artifacts SET value = json_object('doubts', value->'$.doubts', 'problems', map_from_entries(list_filter(
        map_entries((value->'$.doubts')::MAP(VARCHAR, VARCHAR)),
        lambda one: one.value NOT LIKE '% does not stand on the page' AND one.value NOT LIKE '% is not sure: %')))
    WHERE step = 'decide' AND (value->'$.doubts') IS NOT NULL;
    """,
)


def migrate(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring a project's tables up to this version of limbeck.

    Raises:
        StoreError: The project was written by a newer limbeck.
    """
    connection.execute("CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY)")
    row = connection.execute("SELECT count(*) FROM migrations").fetchone()
    done = row[0] if row else 0
    if done > len(MIGRATIONS):
        raise StoreError(
            f"the project has {done!r} migrations, this limbeck knows {len(MIGRATIONS)!r}; "
            "upgrade with: pip install -U limbeck"
        )
    for number in range(done, len(MIGRATIONS)):
        connection.begin()
        connection.execute(MIGRATIONS[number])
        connection.execute("INSERT INTO migrations VALUES (?)", [number])
        connection.commit()
