using Microsoft.Data.Sqlite;

namespace Dataplane.ControlPlane.Store;

/// <summary>
/// The log of writes in kine's table: a row for each revision, the newest row of a name is its state. Used by one thread at a time.
/// </summary>
internal sealed class SqliteLog : IDisposable
{
    private const int NotADatabase = 26;
    private const int Busy = 5;
    private const int CompactStep = 1024;

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
    private readonly SqliteCommand _insert;
    private long _compacted;

    private SqliteLog(SqliteConnection connection)
    {
        _connection = connection;
        _insert = connection.CreateCommand();
        _insert.CommandText =
            "INSERT INTO kine (id, name, created, deleted, create_revision, prev_revision, value) VALUES ($id, $name, $created, $deleted, $first, $previous, $value)";
        foreach (var name in new[] { "$id", "$name", "$created", "$deleted", "$first", "$previous", "$value" })
        {
            _insert.Parameters.Add(new SqliteParameter(name, null));
        }
    }

    /// <exception cref="IOException">One line that names the file and what is wrong with it.</exception>
    public static SqliteLog Open(string path)
    {
        SQLitePCL.Batteries_V2.Init();
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 1 }.ToString());
        try
        {
            connection.Open();

            // EXCLUSIVE: a second process would not see this one's writes in its memory. FULL: an answered write survives a power cut.
            Execute(connection, "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
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

    /// <summary>Writes events in one transaction. Their revisions follow the last one without a gap.</summary>
    public void Append(IReadOnlyList<StoreEvent> events)
    {
        if (events.Count == 0)
        {
            return;
        }

        using var transaction = _connection.BeginTransaction();
        _insert.Transaction = transaction;
        foreach (var change in events)
        {
            var obj = change.Object;
            var values = new object?[]
            {
                change.Revision.Value,
                obj.Key,
                change.Previous is null ? 1 : 0,
                change.IsDeletion ? 1 : 0,
                obj.Created.Value,
                change.Previous?.Modified.Value ?? 0,
                change.IsDeletion ? DBNull.Value : obj.Value.ToArray(),
            };
            for (var i = 0; i < values.Length; i++)
            {
                _insert.Parameters[i].Value = values[i];
            }

            _insert.ExecuteNonQuery();
        }

        transaction.Commit();
    }

    /// <summary>
    /// Deletes superseded rows and tombstones up to a revision, a step at a time: writers never wait for a long deletion.
    /// </summary>
    public void Compact(Revision upTo)
    {
        if (upTo.Value - _compacted < CompactStep)
        {
            return;
        }

        var target = _compacted + CompactStep;
        using var transaction = _connection.BeginTransaction();
        using var delete = _connection.CreateCommand();
        delete.Transaction = transaction;
        delete.CommandText = """
            DELETE FROM kine WHERE id IN (SELECT prev_revision FROM kine WHERE id > $from AND id <= $to AND prev_revision <> 0);
            DELETE FROM kine WHERE deleted = 1 AND id > $from AND id <= $to;
            DELETE FROM compaction;
            INSERT INTO compaction (revision) VALUES ($to);
            """;
        delete.Parameters.AddWithValue("$from", _compacted);
        delete.Parameters.AddWithValue("$to", target);
        delete.ExecuteNonQuery();
        transaction.Commit();
        Execute(_connection, "PRAGMA incremental_vacuum(256)");
        _compacted = target;
    }

    public void Dispose()
    {
        _insert.Dispose();
        _connection.Dispose();
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
