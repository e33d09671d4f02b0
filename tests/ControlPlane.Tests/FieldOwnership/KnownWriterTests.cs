using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.FieldOwnership;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Schema;
using FsCheck;
using FsCheck.Fluent;
using NSubstitute;

namespace Dataplane.ControlPlane.Tests.FieldOwnership;

/// <summary>The shortcut for writers that change what they own must lead where the whole way leads.</summary>
public sealed class KnownWriterTests
{
    private static readonly TimeProvider Time = Substitute.For<TimeProvider>();
    private static readonly OwnershipTracker Tracker = new(SchemaTable.Kubernetes.Type("core.Pod"), Time);
    private static readonly FieldManager[] Writers =
        [new("kubelet", Applies: false, "v1", "status"), new("kubelet", Applies: false, "v1", ""), new("cni", Applies: false, "v1", "status")];

    private static readonly Gen<JsonObject> Versions =
        from labels in Gen.SubListOf<string>(["a", "b"])
        from value in Gen.Elements("1", "2")
        from conditions in Gen.SubListOf<string>(["Ready", "Initialized"])
        from since in Gen.Elements("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z")
        from addresses in Gen.SubListOf<string>(["10.0.0.1", "10.0.0.2"])
        from phase in Gen.Elements("", "Pending", "Running")
        select Pod(labels, value, conditions, since, addresses, phase);

    [Fact]
    public void Owners_are_the_same_whether_or_not_the_client_sent_them_back() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(150).WithEndSize(12),
        Prop.ForAll(
            Versions.NonEmptyListOf().ToArbitrary(), Gen.Choose(0, 2).ListOf(8).ToArbitrary(), (versions, writers) =>
            {
                var stored = new JsonObject();
                for (var i = 0; i < versions.Count; i++)
                {
                    Time.GetUtcNow().Returns(DateTimeOffset.UnixEpoch.AddSeconds(i));
                    var writer = Writers[writers[i % 8]];
                    var quick = Written(stored, versions[i], writer, sentBack: false);
                    Assert.Equal(Written(stored, versions[i], writer, sentBack: true).ToJsonString(), quick.ToJsonString());
                    stored = quick;
                }

                return true;
            }));

    [Fact]
    public void A_renewed_entry_moves_behind_older_ones()
    {
        var first = Pod([], "", ["Ready"], "2026-01-01T00:00:00Z", [], "Running");
        var stored = Written([], first, Writers[0], sentBack: false);
        Time.GetUtcNow().Returns(DateTimeOffset.UnixEpoch.AddSeconds(5));
        stored = Written(stored, Pod([], "", ["Ready"], "2026-01-01T00:00:00Z", ["10.0.0.1"], "Running"), Writers[2], sentBack: false);
        Time.GetUtcNow().Returns(DateTimeOffset.UnixEpoch.AddSeconds(9));
        stored = Written(stored, Pod([], "", ["Ready"], "2026-01-01T00:00:01Z", ["10.0.0.1"], "Running"), Writers[0], sentBack: false);
        Assert.Equal(["cni", "kubelet"], stored.Objects("metadata", "managedFields").Select(entry => entry.Text("manager")));
    }

    private static JsonObject Written(JsonObject stored, JsonObject version, FieldManager writer, bool sentBack)
    {
        var old = (JsonObject)stored.DeepClone();
        var obj = (JsonObject)version.DeepClone();
        if (sentBack && old["metadata"]?["managedFields"] is { } owners)
        {
            obj.Metadata()["managedFields"] = owners.DeepClone();
        }

        Tracker.Update(old.Count == 0 ? null : old, obj, writer);
        return obj;
    }

    private static JsonObject Pod(IList<string> labels, string value, IList<string> conditions, string since, IList<string> addresses, string phase)
    {
        var metadata = new JsonObject { ["name"] = "p" };
        if (labels.Count > 0)
        {
            metadata["labels"] = new JsonObject(labels.Select(label => KeyValuePair.Create(label, (JsonNode?)value)));
        }

        var status = new JsonObject();
        if (phase.Length > 0)
        {
            status["phase"] = phase;
        }

        if (conditions.Count > 0)
        {
            status["conditions"] = new JsonArray([.. conditions.Select(type => new JsonObject { ["type"] = type, ["status"] = "True", ["lastTransitionTime"] = since })]);
        }

        if (addresses.Count > 0)
        {
            status["podIPs"] = new JsonArray([.. addresses.Select(ip => new JsonObject { ["ip"] = ip })]);
        }

        return new JsonObject { ["metadata"] = metadata, ["status"] = status };
    }
}
