using System.Text;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Tests.Store;

/// <summary>What every store promises; each engine runs all of it.</summary>
public abstract class StoreTests
{
    private const string Prefix = "/registry/configmaps/default/";

    internal abstract Task<IStore> OpenAsync();

    internal static ReadOnlyMemory<byte> Value(string name, string data = "") =>
        Encoding.UTF8.GetBytes($$$"""{"kind":"ConfigMap","metadata":{"name":"{{{name}}}"},"data":{"k":"{{{data}}}"}}""");

    internal static async Task<StoredObject> PutAsync(IStore store, string name, string data = "", Revision? expected = null)
    {
        var result = await store.CommitAsync(StoreWrite.Put(Prefix + name, expected ?? store.Current.Get(Prefix + name)?.Modified ?? Revision.None, Value(name, data)));
        Assert.True(result.Committed);
        return result.Object!;
    }

    [Fact]
    public async Task Revisions_follow_each_other_and_are_in_the_served_json()
    {
        await using var store = await OpenAsync();
        var first = await PutAsync(store, "a");
        var second = await PutAsync(store, "b");
        Assert.Equal(first.Modified.Next, second.Modified);
        Assert.Contains($"\"resourceVersion\":\"{second.Modified}\"", Encoding.UTF8.GetString(second.Json.Span));
        Assert.Equal(second.Modified, store.Current.Revision);
    }

    [Fact]
    public async Task Creation_of_an_existing_key_returns_the_existing_version()
    {
        await using var store = await OpenAsync();
        var existing = await PutAsync(store, "a");
        var result = await store.CommitAsync(StoreWrite.Put(Prefix + "a", Revision.None, Value("a")));
        Assert.False(result.Committed);
        Assert.Same(existing, result.Object);
    }

    [Fact]
    public async Task A_write_against_an_old_version_changes_nothing()
    {
        await using var store = await OpenAsync();
        var first = await PutAsync(store, "a");
        var second = await PutAsync(store, "a", "new");
        var result = await store.CommitAsync(StoreWrite.Put(Prefix + "a", first.Modified, Value("a", "late")));
        Assert.False(result.Committed);
        Assert.Equal(second.Modified, result.Object!.Modified);
        Assert.Equal(second.Modified, store.Current.Revision);
    }

    [Fact]
    public async Task Of_many_writers_against_one_version_one_wins()
    {
        await using var store = await OpenAsync();
        var first = await PutAsync(store, "a");
        var results = await Task.WhenAll(Enumerable.Range(0, 50).Select(i =>
            Task.Run(async () => await store.CommitAsync(StoreWrite.Put(Prefix + "a", first.Modified, Value("a", $"{i}"))))));
        Assert.Single(results, result => result.Committed);
    }

    [Fact]
    public async Task Deletion_is_conditional_and_can_be_followed_by_a_creation()
    {
        await using var store = await OpenAsync();
        var first = await PutAsync(store, "a");
        Assert.False((await store.CommitAsync(StoreWrite.Delete(Prefix + "a", first.Modified.Next))).Committed);
        Assert.True((await store.CommitAsync(StoreWrite.Delete(Prefix + "a", first.Modified))).Committed);
        Assert.Null(store.Current.Get(Prefix + "a"));
        Assert.False((await store.CommitAsync(StoreWrite.Delete(Prefix + "a", first.Modified))).Committed);
        var again = await PutAsync(store, "a");
        Assert.Equal(again.Modified, again.Created);
    }

    [Fact]
    public async Task Lists_are_in_key_order_below_their_prefix_only()
    {
        await using var store = await OpenAsync();
        foreach (var name in new[] { "c", "a", "b" })
        {
            await PutAsync(store, name);
        }

        await store.CommitAsync(StoreWrite.Put("/registry/configmaps/default2/a", Revision.None, Value("a")));
        Assert.Equal(["a", "b", "c"], store.Current.List(Prefix).Select(obj => obj.Name));
        Assert.Equal(["b", "c"], store.Current.List(Prefix, Prefix + "b").Select(obj => obj.Name));
    }

    [Fact]
    public async Task The_past_can_be_listed()
    {
        await using var store = await OpenAsync();
        var first = await PutAsync(store, "a", "old");
        await PutAsync(store, "b");
        await PutAsync(store, "a", "new");
        var then = store.At(first.Modified);
        Assert.Equal(first.Modified, then.Revision);
        Assert.Same(first, Assert.Single(then.List(Prefix)));
    }

    [Fact]
    public async Task A_watch_from_a_revision_sees_every_later_write_once_and_in_order()
    {
        await using var store = await OpenAsync();
        var first = await PutAsync(store, "a");
        await PutAsync(store, "b");
        using var watch = store.Watch(Prefix, first.Modified);
        await PutAsync(store, "a", "changed");
        await store.CommitAsync(StoreWrite.Delete(Prefix + "b", store.Current.Get(Prefix + "b")!.Modified));
        var seen = new List<string>();
        while (watch.Events.TryRead(out var change))
        {
            seen.Add($"{change.Object.Name}:{change.IsDeletion}:{change.Previous is not null}");
        }

        Assert.Equal(["b:False:False", "a:False:True", "b:True:True"], seen);
        Assert.Equal(store.Current.Revision, watch.Delivered);
    }

    [Fact]
    public async Task A_watch_of_a_forgotten_revision_is_refused_with_the_oldest_one()
    {
        await using var store = await OpenAsync();
        await PutAsync(store, "a");
        for (var i = 0; i < SqliteStore.KeptRevisions + 10; i += 500)
        {
            await Task.WhenAll(Enumerable.Range(0, 500).Select(n => store.CommitAsync(StoreWrite.Put($"{Prefix}{i + n}", Revision.None, Value($"x{i + n}"))).AsTask()));
        }

        var refused = Assert.Throws<CompactedException>(() => store.Watch(Prefix, new Revision(1)));
        Assert.True(refused.Oldest > new Revision(1));
        Assert.Throws<CompactedException>(() => store.At(new Revision(1)));
    }

    [Fact]
    public async Task Waiting_for_a_revision_ends_when_it_is_reached()
    {
        await using var store = await OpenAsync();
        var wait = store.WaitForAsync(store.Current.Revision.Next.Next, TestContext.Current.CancellationToken);
        await PutAsync(store, "a");
        Assert.False(wait.IsCompleted);
        await PutAsync(store, "b");
        await wait;
    }
}

/// <summary>The engine of tests and short-lived clusters.</summary>
public sealed class MemoryStoreTests : StoreTests
{
    internal override Task<IStore> OpenAsync() => Task.FromResult<IStore>(new MemoryStore());
}
