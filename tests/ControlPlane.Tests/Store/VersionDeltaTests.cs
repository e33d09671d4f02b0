using System.Globalization;
using System.Text;
using Dataplane.ControlPlane.Store;
using FsCheck;
using FsCheck.Fluent;

namespace Dataplane.ControlPlane.Tests.Store;

/// <summary>Superseded versions take the room of their differences and read as they were.</summary>
public sealed class VersionDeltaTests
{
    private const string Key = "/registry/pods/default/web";

    /// <summary>Fields that appear, change and go, some longer than what is looked through for where versions meet again.</summary>
    private static readonly Gen<string[]> Fields =
        (from word in Gen.Elements("a", "Ready", "True", "False", "0123456789", "\"managed\"")
         from times in Gen.Frequency((8, Gen.Choose(0, 3)), (1, Gen.Choose(20, 600)))
         select string.Concat(Enumerable.Repeat(word.Replace("\"", "\\\"", StringComparison.Ordinal), times))).ArrayOf(12);

    [Fact]
    public void Every_version_reads_as_it_was_written() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300),
        Prop.ForAll(Fields.ListOf(20).ToArbitrary(), versions =>
        {
            var objects = Versions(versions.Select(Value));
            var written = objects.ConvertAll(obj => Text(obj));
            Shrink(objects);
            return objects.Select(Text).SequenceEqual(written) && objects.TrueForAll(obj => obj.JsonLength == obj.Json.Length);
        }));

    [Fact]
    public void Versions_that_hardly_differ_take_hardly_any_room()
    {
        var objects = Versions(Enumerable.Range(0, 90).Select(round => Value(
        [
            .. Enumerable.Repeat("what stays as it is, of which an object has much more than of the rest", 40),
            round % 2 == 0 ? "True" : "False",
            round.ToString(CultureInfo.InvariantCulture),
        ])));
        Shrink(objects);

        // One of nine is whole, so that none is far from a whole one.
        Assert.InRange(objects.SkipLast(1).Sum(obj => obj.Footprint), 1, objects.SkipLast(1).Sum(obj => obj.JsonLength) / 7);
        Assert.Equal(objects[^1].JsonLength, objects[^1].Footprint);
    }

    [Fact]
    public void A_version_with_nothing_in_common_with_the_next_stays_whole()
    {
        var objects = Versions([Value([.. Enumerable.Range(0, 3000).Select(i => $"{i:x}")]), Value([new string('-', 9000)])]);
        Shrink(objects);
        Assert.Equal(objects[0].JsonLength, objects[0].Footprint);
    }

    [Fact]
    public async Task The_past_of_a_store_is_small_and_true()
    {
        await using var store = new MemoryStore();
        var written = new Dictionary<Revision, string>();
        for (var round = 0; round < 1000; round++)
        {
            var value = Value([new string('x', 3000), round.ToString(CultureInfo.InvariantCulture)]);
            var result = await store.CommitAsync(StoreWrite.Put(Key, store.Current.Get(Key)?.Modified ?? Revision.None, value));
            written.Add(result.Object!.Modified, Text(result.Object));
        }

        using var watch = store.Watch(Key, written.Keys.First());
        var past = 0L;
        while (watch.Events.TryRead(out var change))
        {
            Assert.Equal(written[change.Revision], Text(change.Object));
            Assert.Equal(written[change.Revision], Text(store.At(change.Revision).Get(Key)!));
            past += change.Previous!.Footprint;
        }

        Assert.InRange(past, 1, written.Values.Sum(json => json.Length) / 2);
    }

    private static byte[] Value(string[] fields) => Encoding.UTF8.GetBytes(
        $$$"""{"kind":"Pod","metadata":{"name":"web","uid":"u"},"status":{{{{string.Join(",", fields.Select((field, i) => $"\"f{i}\":\"{field}\""))}}}}}""");

    private static List<StoredObject> Versions(IEnumerable<byte[]> values) =>
        [.. values.Select((value, i) => StoredObject.Create(Key, new Revision(1), new Revision(i + 1), value))];

    private static void Shrink(List<StoredObject> objects)
    {
        for (var i = 0; i < objects.Count - 1; i++)
        {
            objects[i].Shrink(objects[i + 1]);
        }
    }

    private static string Text(StoredObject obj) => Encoding.UTF8.GetString(obj.Json.Span);
}
