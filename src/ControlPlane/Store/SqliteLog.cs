using System.Buffers;
using Microsoft.Data.Sqlite;

namespace Dataplane.ControlPlane.Store;

/// <summary>
/// The log of writes in kine's table: a row for each revision, the newest row of a name is its state. Used by one thread at a time.
/// </summary>
internal sealed class SqliteLog : IDisposable
{
    private const int NotADatabase = 26;
    private const int Busy = 5;

    /// <summary>Revisions, and bytes of superseded rows, that are worth a transaction to delete.</summary>
    private const int CompactStep = 1024;
    private const long CompactBytes = 32 << 20;

    /// <summary>Pages given back to the file system with each step, 4 KiB each.</summary>
    private const int VacuumPages = 1024;

    private const string Schema = """
        CREATE TABLE IF NOT EXISTS kine (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL,
            created INTEGER NOT NULL,
            deleted INTEGER NOT NULL,
            create_revision INTEGER NOT NULL,
            prev_revision INTEGER NOT NULL,
            lease INTEGER NOT NULL DEFAULT 0,
            value BLOB,
            old_value BLOB);
        CREATE INDEX IF NOT EXISTS kine_name_id_index ON kine (name, id);
        CREATE TABLE IF NOT EXISTS compaction (revision INTEGER NOT NULL);
        """;

    private readonly SqliteConnection _connection;
    private readonly SqliteStatement _begin;
    private readonly SqliteStatement _commit;
    private readonly SqliteStatement _insert;
    private long _compacted;
    private long _superseded;

    private SqliteLog(SqliteConnection connection)
    {
        _connection = connection;
        _begin = new SqliteStatement(connection, "BEGIN IMMEDIATE");
        _commit = new SqliteStatement(connection, "COMMIT");
        _insert = new SqliteStatement(
            connection, "INSERT INTO kine (id, name, created, deleted, create_revision, prev_revision, value) VALUES (?, ?, ?, ?, ?, ?, ?)");
    }

    /// <exception cref="IOException">One line that names the file and what is wrong with it.</exception>
    public static SqliteLog Open(string path)
    {
        SQLitePCL.Batteries_V2.Init();
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 1 }.ToString());
        try
        {
            connection.Open();

            // EXCLUSIVE: a second process would not see this one's writes in its memory, and nobody's read can make a write wait
            // ("database is locked"). FULL: an answered write survives a power cut.
            Execute(
                connection,
                """
                PRAGMA auto_vacuum = INCREMENTAL; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
                PRAGMA journal_size_limit = 16777216;
                """);
            RefuseForeign(connection, path);
            Execute(connection, Schema);
            return new SqliteLog(connection);
        }
        catch (SqliteException failure)
        {
            connection.Dispose();
            throw new IOException(
                failure.SqliteErrorCode switch
                {
                    NotADatabase => $"{path}: not a SQLite database",
                    Busy => $"{path}: in use by another process",
                    _ => $"{path}: {failure.Message}",
                },
                failure);
        }
        catch (IOException)
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Reads the state some revisions ago and the events since.</summary>
    /// <param name="keep">At most this many events.</param>
    public (StoreSnapshot Start, StoreEvent[] Events) Load(int keep)
    {
        var last = Scalar("SELECT seq FROM sqlite_sequence WHERE name = 'kine'");
        _compacted = Scalar("SELECT MAX(revision) FROM compaction");
        var start = Math.Max(_compacted, last - keep);
        var state = new Dictionary<string, StoredObject>(StringComparer.Ordinal);
        ForEach("id IN (SELECT MAX(id) FROM kine WHERE id <= $start GROUP BY name) AND deleted = 0", start, rows =>
        {
            var obj = Read(rows);
            state[obj.Key] = obj;
        });
        var snapshot = StoreSnapshot.Of(new Revision(start), state.Values);
        var events = new List<StoreEvent>();
        ForEach("id > $start", start, rows =>
        {
            var previous = state.GetValueOrDefault(rows.GetString(1));
            if (rows.GetInt64(2) == 0)
            {
                var obj = Read(rows);
                events.Add(new StoreEvent(obj, previous, IsDeletion: false));
                state[obj.Key] = obj;
            }
            else if (previous is not null)
            {
                events.Add(new StoreEvent(previous.At(new Revision(rows.GetInt64(0))), previous, IsDeletion: true));
                state.Remove(previous.Key);
            }
        });
        return (snapshot, [.. events]);
    }

    /// <summary>Writes events in one transaction: all of them or none. Their revisions follow the last one without a gap.</summary>
    /// <exception cref="SqliteException">Nothing was written.</exception>
    public void Append(ReadOnlySpan<StoreEvent> events)
    {
        if (events.IsEmpty)
        {
            return;
        }

        _begin.Run();
        try
        {
            foreach (var change in events)
            {
                Insert(change);
            }

            _commit.Run();
        }
        catch (SqliteException)
        {
            RollBack();
            throw;
        }

        foreach (var change in events)
        {
            _superseded += change.Previous?.ValueLength ?? 0;
        }
    }

    /// <summary>
    /// Deletes superseded rows and tombstones up to a revision, a step at a time: writers never wait for a long deletion.
    /// </summary>
    /// <exception cref="SqliteException">Nothing was deleted; the next call tries again.</exception>
    public void Compact(Revision upTo)
    {
        if (upTo.Value - _compacted < CompactStep && (upTo.Value <= _compacted || _superseded < CompactBytes))
        {
            return;
        }

        var target = Math.Min(upTo.Value, _compacted + CompactStep);
        _begin.Run();
        try
        {
            using var delete = _connection.CreateCommand();
            delete.CommandText = """
                DELETE FROM kine WHERE id IN (SELECT prev_revision FROM kine WHERE id > $from AND id <= $to AND prev_revision <> 0);
                DELETE FROM kine WHERE deleted = 1 AND id > $from AND id <= $to;
                DELETE FROM compaction;
                INSERT INTO compaction (revision) VALUES ($to);
                """;
            delete.Parameters.AddWithValue("$from", _compacted);
            delete.Parameters.AddWithValue("$to", target);
            delete.ExecuteNonQuery();
            _commit.Run();
        }
        catch (SqliteException)
        {
            RollBack();
            throw;
        }

        _superseded = upTo.Value > target ? _superseded : 0;
        _compacted = target;
        Execute(_connection, $"PRAGMA incremental_vacuum({VacuumPages})");
    }

    public void Dispose()
    {
        _begin.Dispose();
        _commit.Dispose();
        _insert.Dispose();
        _connection.Dispose();
    }

    private void Insert(StoreEvent change)
    {
        var obj = change.Object;
        _insert.Bind(1, change.Revision.Value);
        _insert.Bind(2, obj.Key);
        _insert.Bind(3, change.Previous is null ? 1 : 0);
        _insert.Bind(4, change.IsDeletion ? 1 : 0);
        _insert.Bind(5, obj.Created.Value);
        _insert.Bind(6, change.Previous?.Modified.Value ?? 0);
        if (change.IsDeletion)
        {
            _insert.BindNull(7);
            _insert.Run();
            return;
        }

        var value = ArrayPool<byte>.Shared.Rent(obj.ValueLength);
        obj.CopyValueTo(value);
        _insert.Bind(7, value.AsSpan(0, obj.ValueLength));
        ArrayPool<byte>.Shared.Return(value);
        _insert.Run();
    }

    // Some failures (a full disk) have rolled back already: then there is nothing to end.
    private void RollBack()
    {
        if (SQLitePCL.raw.sqlite3_get_autocommit(_connection.Handle) == 0)
        {
            Execute(_connection, "ROLLBACK");
        }
    }

    private static void RefuseForeign(SqliteConnection connection, string path)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT COUNT(*), SUM(name = 'kine') FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        using var rows = command.ExecuteReader();
        if (rows.Read() && rows.GetInt64(0) > 0 && rows.GetInt64(1) == 0)
        {
            throw new IOException($"{path}: a SQLite database, but not a store of this program");
        }
    }

    private static StoredObject Read(SqliteDataReader rows) => StoredObject.Create(
        rows.GetString(1), new Revision(rows.GetInt64(3)), new Revision(rows.GetInt64(0)), rows.GetFieldValue<byte[]>(4));

    private static void Execute(SqliteConnection connection, string text)
    {
        using var command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }

    private long Scalar(string text)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = text;
        return command.ExecuteScalar() is long value ? value : 0;
    }

    private void ForEach(string where, long start, Action<SqliteDataReader> row)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = $"SELECT id, name, deleted, create_revision, value FROM kine WHERE {where} ORDER BY id";
        command.Parameters.AddWithValue("$start", start);
        using var rows = command.ExecuteReader();
        while (rows.Read())
        {
            row(rows);
        }
    }
}
