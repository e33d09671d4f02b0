using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Tests.Store;

/// <summary>The embedded engine: the common promises, and what a file adds to them.</summary>
public sealed class SqliteStoreTests : StoreTests, IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("dp-t-store").FullName;

    private string DatabasePath => Path.Combine(_directory, "state.db");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    internal override Task<IStore> OpenAsync() => Task.FromResult<IStore>(SqliteStore.Open(DatabasePath));

    [Fact]
    public async Task A_reopened_store_has_its_objects_its_revision_and_its_past()
    {
        StoredObject first, last;
        await using (var store = await OpenAsync())
        {
            first = await PutAsync(store, "a", "old");
            var gone = await PutAsync(store, "b");
            await store.CommitAsync(StoreWrite.Delete(gone.Key, gone.Modified));
            last = await PutAsync(store, "a", "new");
        }

        await using var reopened = await OpenAsync();
        Assert.Equal(last.Modified, reopened.Current.Revision);
        Assert.Equal(last.Json.ToArray(), Assert.Single(reopened.Current.List("/")).Json.ToArray());
        using var watch = reopened.Watch("/", first.Modified);
        var seen = new List<(string, bool)>();
        while (watch.Events.TryRead(out var change))
        {
            seen.Add((change.Object.Name, change.IsDeletion));
        }

        Assert.Equal([("b", false), ("b", true), ("a", false)], seen);
    }

    [Fact]
    public async Task Compaction_keeps_the_newest_version_of_every_key()
    {
        await using (var store = await OpenAsync())
        {
            await PutAsync(store, "quiet", "kept");
            for (var i = 0; i < 2 * SqliteStore.KeptRevisions; i += 256)
            {
                await Task.WhenAll(Enumerable.Range(0, 256).Select(n => Task.Run(async () =>
                {
                    var current = store.Current.Get($"/busy/{n}");
                    await store.CommitAsync(StoreWrite.Put($"/busy/{n}", current?.Modified ?? Revision.None, Value($"busy{n}", $"{i}")));
                })));
            }
        }

        Assert.True(Rows() < (2 * SqliteStore.KeptRevisions) - 1024, $"{Rows()} rows are left");
        await using var reopened = await OpenAsync();
        Assert.Equal(257, reopened.Current.Count);
        Assert.Contains("kept", reopened.Current.List("/registry/").Single().Document().ToJsonString());
    }

    [Fact]
    public async Task The_file_does_not_grow_with_the_number_of_writes()
    {
        const int keys = 64, rounds = 160;
        var data = new string('x', 20_000);
        long half = 0;
        await using (var store = await OpenAsync())
        {
            for (var round = 0; round < rounds; round++)
            {
                var text = $"{round}{data}";
                await Task.WhenAll(Enumerable.Range(0, keys).Select(n => store.CommitAsync(
                    StoreWrite.Put($"/busy/{n}", store.Current.Get($"/busy/{n}")?.Modified ?? Revision.None, Value($"busy{n}", text))).AsTask()));
                half = round == rounds / 2 ? new FileInfo(DatabasePath).Length : half;
            }
        }

        // After 100 MB, and after 200 MB, of which 1.3 MB are alive: history and the room that waits for the next compaction are the rest.
        Assert.True(half > 0);
        Assert.InRange(new FileInfo(DatabasePath).Length, 1_300_000, half * 5 / 4);
        await using var reopened = await OpenAsync();
        Assert.Equal(keys, reopened.Current.Count);
    }

    [Fact]
    public void A_file_that_is_not_a_database_is_named_in_one_line()
    {
        File.WriteAllText(DatabasePath, string.Concat(Enumerable.Repeat("this is not a database\n", 100)));
        var failure = Assert.Throws<IOException>(() => SqliteStore.Open(DatabasePath));
        Assert.Equal($"{DatabasePath}: not a SQLite database", failure.Message);
    }

    [Fact]
    public async Task A_store_in_use_is_refused()
    {
        await using var store = await OpenAsync();
        await PutAsync(store, "a");
        var failure = Assert.Throws<IOException>(() => SqliteStore.Open(DatabasePath));
        Assert.Equal($"{DatabasePath}: in use by another process", failure.Message);
    }

    private long Rows()
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={DatabasePath};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT COUNT(*) FROM kine";
        return (long)command.ExecuteScalar()!;
    }
}
