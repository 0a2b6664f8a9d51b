"""Reads a Delta table with deltalake, DuckDB and Polars and prints what each of them found, as JSON."""
import datetime
import decimal
import json
import sys
from pathlib import Path

import deltalake
import duckdb
import polars
import pyarrow


def text(value):
    if value is None:
        return None
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None).isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (datetime.date, decimal.Decimal)):
        return str(value)
    return str(value)


def rows(table):
    found = [{name: text(value) for name, value in row.items()} for row in table]
    return sorted(found, key=lambda row: json.dumps(row, sort_keys=True))


def with_deltalake(path):
    return rows(pyarrow.table(deltalake.DeltaTable(path).to_pyarrow_table()).to_pylist())


def with_duckdb(path):
    session = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    extension = Path(duckdb.__file__).parent.parent / "duckdb_ext/extensions"
    session.load_extension(str(next(extension.glob("*/*/delta.duckdb_extension"))))
    found = session.execute("SELECT * FROM delta_scan($1)", [path])
    names = [column[0] for column in found.description]
    return rows(dict(zip(names, row)) for row in found.fetchall())


def with_polars(path):
    return rows(polars.read_delta(path).to_dicts())


path = sys.argv[1]
print(json.dumps({"deltalake": with_deltalake(path), "duckdb": with_duckdb(path), "polars": with_polars(path)}))
