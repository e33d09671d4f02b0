using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Admission;
using Dataplane.ControlPlane.Machinery.FieldOwnership;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Tests.Registry;

/// <summary>What the hot paths may allocate, in bytes: bench/budgets.json. No clock is looked at.</summary>
public sealed class BudgetTests
{
    private const int Rounds = 200;

    private static readonly JsonElement Budgets = Read();

    private readonly MemoryStore _store = new();
    private readonly ResourceDescriptor _pods = new PodResource();

    [Fact]
    public async Task AStatusPatchOfAProgramThatOwnsWhatItChanges()
    {
        var writer = new ObjectWriter(_store, new AdmissionChain(_store, null!), TimeProvider.System);
        var kubelet = new FieldManager("kubelet", Applies: false, "v1", "status");
        await PutPodsAsync(1);
        await PatchAsync(0);
        await PatchAsync(1);
        var used = await MeasureAsync(Rounds, PatchAsync);
        AssertWithin("statusPatch", used);

        async Task PatchAsync(int round)
        {
            var status = (JsonObject)JsonNode.Parse(Status(round))!;
            await writer.UpdateAsync(
                _pods, "default", "p0", UpdateScope.Status,
                current =>
                {
                    current.Metadata().Remove("managedFields");
                    current.Metadata().Remove("resourceVersion");
                    current["status"] = status;
                    return current;
                },
                dryRun: false, kubelet);
        }
    }

    [Fact]
    public async Task AWriteThatManyIdleWatchersDoNotSee()
    {
        var watches = Enumerable.Range(0, 10_000).Select(_ => _store.Watch("/registry/secrets/", _store.Current.Revision)).ToList();
        await PutPodsAsync(1);
        var used = await MeasureAsync(Rounds, async round => await ReplaceAsync(round));
        AssertWithin("storeWrite", used);
        Assert.All(watches, watch => Assert.False(watch.Events.TryRead(out _)));
        watches.ForEach(watch => watch.Dispose());
    }

    [Fact]
    public async Task AnObjectInProtobuf()
    {
        await PutPodsAsync(1);
        var pod = _store.Current.Get(_pods.Key("default", "p0"))!;
        var used = await MeasureAsync(Rounds, _ =>
        {
            using var output = new ProtobufBuffer();
            ProtobufTranscoder.WriteEnveloped(pod.Json.Span, "v1", "Pod", _pods.Schema, output);
            return Task.CompletedTask;
        });
        AssertWithin("objectToProtobuf", used);
    }

    private async Task PutPodsAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var pod = $$$"""{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p{{{i}}}","namespace":"default","uid":"u"},"spec":{"containers":[{"name":"c","image":"i"}]},"status":{"phase":"Pending","qosClass":"BestEffort"} }""";
            var value = StoredForm.Encode(_pods, (JsonObject)JsonNode.Parse(pod)!);
            Assert.True((await _store.CommitAsync(StoreWrite.Put(_pods.Key("default", $"p{i}"), Revision.None, value))).Committed);
        }
    }

    private async Task ReplaceAsync(int round)
    {
        var key = _pods.Key("default", "p0");
        var value = Encoding.UTF8.GetBytes($$$"""{"metadata":{"name":"p0","namespace":"default"},"status":{"round":{{{round}}}} }""");
        Assert.True((await _store.CommitAsync(StoreWrite.Put(key, _store.Current.Get(key)!.Modified, value))).Committed);
    }

    /// <summary>Everything here completes on the thread it began on.</summary>
    private static async Task<long> MeasureAsync(int rounds, Func<int, Task> work)
    {
        for (var i = 0; i < 50; i++)
        {
            await work(i + 2);
        }

        var thread = Environment.CurrentManagedThreadId;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < rounds; i++)
        {
            await work(i + 52);
        }

        var used = (GC.GetAllocatedBytesForCurrentThread() - before) / rounds;
        Assert.Equal(thread, Environment.CurrentManagedThreadId);
        return used;
    }

    private static string Status(int round) =>
        $$$"""
        {"phase":"Running","hostIP":"172.30.0.11","podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"}],"startTime":"2026-01-01T00:00:00Z",
        "conditions":[{"type":"Ready","status":"{{{(round % 2 == 0 ? "True" : "False")}}}","lastTransitionTime":"2026-01-01T00:00:{{{round % 60:00}}}Z"}],
        "containerStatuses":[{"name":"c","ready":true,"restartCount":{{{round}}},"image":"i","imageID":"sha256:0"}]}
        """;

    private static void AssertWithin(string name, long used)
    {
        var budget = Budgets.GetProperty(name).GetProperty("bytes").GetInt64();
        Assert.True(used <= budget, $"{name}: {used} bytes, the budget in bench/budgets.json is {budget}");
    }

    private static JsonElement Read()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Dataplane.sln")))
        {
            directory = directory.Parent ?? throw new DirectoryNotFoundException("the tests run outside a checkout: no Dataplane.sln above them");
        }

        return JsonDocument.Parse(File.ReadAllText(Path.Combine(directory.FullName, "bench", "budgets.json"))).RootElement.GetProperty("controlPlane");
    }
}
