"""Peewee on the connections of ``Database``, imported only where a query is made of models."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import peewee

if TYPE_CHECKING:
    from store.database import Database


class Bridge(peewee.SqliteDatabase):
    """A Peewee database that opens, keeps and closes nothing of its own."""

    def __init__(self, database: Database) -> None:
        super().__init__(str(database.path))
        self._database = database

    def connection(self) -> sqlite3.Connection:
        """The calling thread's connection."""
        return self._database.connection

    def cursor(self, named_cursor: object = None) -> sqlite3.Cursor:
        """A cursor of the calling thread's connection; SQLite's have no names."""
        return self._database.connection.cursor()
