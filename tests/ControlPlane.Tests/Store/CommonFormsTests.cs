using System.Text;
using Dataplane.ControlPlane.Store;
using FsCheck;
using FsCheck.Fluent;

namespace Dataplane.ControlPlane.Tests.Store;

/// <summary>Objects that look alike take the room of their differences and read as they were.</summary>
public sealed class CommonFormsTests
{
    private static readonly string Template = string.Join(",", Enumerable.Range(0, 60).Select(i => $"\"field{i}\":\"what all pods of the template have, {i * 7919}\""));

    /// <summary>What pods have of their own: texts of any length, between what they have in common.</summary>
    private static readonly Gen<string[]> Own =
        (from word in Gen.Elements("a", "10.244.1.7", "Running", "0123456789abcdef")
         from times in Gen.Frequency((8, Gen.Choose(0, 4)), (1, Gen.Choose(20, 400)))
         select string.Concat(Enumerable.Repeat(word, times))).ArrayOf(4);

    [Fact]
    public void Every_object_reads_as_it_was_written() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(200),
        Prop.ForAll(Own.ListOf(12).ToArbitrary(), all =>
        {
            var objects = all.Select((own, i) => Object($"/registry/pods/default/web-{i % 3}-{i}", i, own)).ToList();
            var written = objects.ConvertAll(Text);
            var values = objects.ConvertAll(obj => obj.CopyValue());
            var forms = new CommonForms();
            objects.ForEach(forms.Take);
            return objects.Select(Text).SequenceEqual(written)
                && objects.Zip(values).All(pair => pair.First.HasValue(pair.Second))
                && objects.Select(obj => obj.Document().ToJsonString()).SequenceEqual(written.Select(json => System.Text.Json.Nodes.JsonNode.Parse(json)!.ToJsonString()));
        }));

    [Fact]
    public void Pods_of_a_template_take_a_fraction_of_their_length()
    {
        var forms = new CommonForms();
        var objects = Enumerable.Range(0, 500).Select(i => Object($"/registry/pods/default/web-5d9c-{i:00000}", i, [$"10.244.{i / 250}.{i % 250}", $"node-{i % 7}"])).ToList();
        objects.ForEach(forms.Take);
        Assert.InRange(objects.Sum(obj => obj.Footprint), 1, objects.Sum(obj => obj.JsonLength) / 8);
    }

    [Fact]
    public void Objects_with_nothing_in_common_stay_whole()
    {
        var random = new Random(7);
        var forms = new CommonForms();
        var objects = Enumerable.Range(0, 50).Select(i =>
        {
            var bytes = new byte[1500];
            random.NextBytes(bytes);
            return StoredObject.Create(
                $"/registry/secrets/default/s-{i}", new Revision(1), new Revision(i + 1), Encoding.UTF8.GetBytes($$$"""{"metadata":{"name":"s-{{{i}}}"},"data":"{{{Convert.ToBase64String(bytes)}}}"}"""));
        }).ToList();
        objects.ForEach(forms.Take);

        // The few that the others were compared with are themselves, which takes no room.
        Assert.InRange(objects.Count(obj => obj.IsWhole), 35, 50);
    }

    [Fact]
    public async Task A_store_of_objects_that_look_alike_is_small_and_true()
    {
        await using var store = new MemoryStore();
        var written = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 400; i++)
            {
                var key = $"/registry/pods/default/web-{i:000}";
                var value = Value($"web-{i:000}", [$"10.244.{round}.{i % 250}", round % 2 == 0 ? "True" : "False"]);
                written[key] = Text((await store.CommitAsync(StoreWrite.Put(key, store.Current.Get(key)?.Modified ?? Revision.None, value))).Object!);
            }
        }

        var objects = store.Current.List("/registry/pods/").ToList();
        Assert.Equal(written.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Value), objects.Select(Text));

        // The newest are as they are served: watchers need them.
        Assert.InRange(objects.Count(obj => obj.IsWhole), 1, 300);
        Assert.InRange(objects.Where(obj => !obj.IsWhole).Sum(obj => obj.Footprint), 1, objects.Where(obj => !obj.IsWhole).Sum(obj => obj.JsonLength) / 8);
    }

    private static StoredObject Object(string key, int revision, string[] own) =>
        StoredObject.Create(key, new Revision(1), new Revision(revision + 1), Value(key[(key.LastIndexOf('/') + 1)..], own));

    private static byte[] Value(string name, string[] own) => Encoding.UTF8.GetBytes(
        $$$"""{"kind":"Pod","metadata":{"name":"{{{name}}}"},"spec":{{{{Template}}}},"status":{{{{string.Join(",", own.Select((text, i) => $"\"own{i}\":\"{text}\",\"same{i}\":\"what comes between\""))}}}}}""");

    private static string Text(StoredObject obj) => Encoding.UTF8.GetString(obj.Json.Span);
}
