using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Admission;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Tests.Registry;

/// <summary>Writes that another write comes before.</summary>
public sealed class ObjectWriterTests
{
    private readonly MemoryStore _store = new();
    private readonly ResourceDescriptor _pods = new PodResource();
    private readonly ObjectWriter _writer;

    public ObjectWriterTests() => _writer = new ObjectWriter(_store, new AdmissionChain(_store, null!), TimeProvider.System);

    private string Key => _pods.Key("default", "p");

    [Fact]
    public async Task AnAmendmentHoldsForTheVersionThatCameBetween()
    {
        await PutAsync();
        var calls = 0;
        var amended = await _writer.AmendAsync(_pods, "default", "p", UpdateScope.Subresource, Bind, dryRun: false);
        Assert.Equal(2, calls);
        Assert.Equal("node-1 False", $"{amended.Document().Text("spec", "nodeName")} {amended.Document().Text("status", "reason")}");

        JsonObject Bind(JsonObject pod)
        {
            if (calls++ == 0)
            {
                Interfere();
            }

            pod.Ensure("spec")["nodeName"] = "node-1";
            return pod;
        }
    }

    [Fact]
    public async Task AnUpdateOfAVersionIsRefusedWhenAnotherCameBetween()
    {
        await PutAsync();
        var refused = await Assert.ThrowsAsync<StatusException>(() => _writer.UpdateAsync(_pods, "default", "p", UpdateScope.Subresource, Bind, dryRun: false));
        Assert.Equal(409, refused.Code);

        JsonObject Bind(JsonObject pod)
        {
            Interfere();
            pod.Ensure("spec")["nodeName"] = "node-1";
            return pod;
        }
    }

    private async Task PutAsync()
    {
        const string pod = """{"metadata":{"name":"p","namespace":"default","uid":"u"},"spec":{"containers":[{"name":"c","image":"i"}]},"status":{"phase":"Pending"}}""";
        var value = StoredForm.Encode(_pods, (JsonObject)JsonNode.Parse(pod)!);
        Assert.True((await _store.CommitAsync(StoreWrite.Put(Key, Revision.None, value))).Committed);
    }

    /// <summary>What somebody else writes about the pod meanwhile.</summary>
    private void Interfere()
    {
        var current = _store.Current.Get(Key)!;
        var pod = current.Document();
        pod.Ensure("status")["reason"] = "False";
        var written = _store.CommitAsync(StoreWrite.Put(Key, current.Modified, StoredForm.Encode(_pods, pod))).AsTask();
        Assert.True(written.IsCompletedSuccessfully);
    }
}
