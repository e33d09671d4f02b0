using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Nodes;

/// <summary>Tells kubelets, in an annotation, how many seconds they may keep Secrets and ConfigMaps before asking again: more in larger clusters.</summary>
internal sealed class NodeTtlController : Controller
{
    public const string Annotation = "node.alpha.kubernetes.io/ttl";

    /// <summary>Up to how many nodes a time holds, and down to how many: the steps overlap, so that a cluster at a border does not flap.</summary>
    private static readonly (int FewestNodes, int MostNodes, int Seconds)[] Steps =
        [(0, 100, 0), (90, 500, 15), (450, 1000, 30), (900, 2000, 60), (1800, int.MaxValue, 300)];

    private readonly KubernetesClient _client;
    private readonly Lister<Node> _nodes;
    private int _step;
    private int _count;

    public NodeTtlController(KubernetesClient client, SharedInformers informers, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _nodes = informers.Of<Node>();
        _nodes.Subscribe(OnNode);
    }

    /// <summary>The step for a number of nodes, coming from another. Pure.</summary>
    public static int Step(int current, int nodes)
    {
        while (nodes > Steps[current].MostNodes)
        {
            current++;
        }

        while (nodes < Steps[current].FewestNodes)
        {
            current--;
        }

        return current;
    }

    private static string Text(int step) => Steps[step].Seconds.ToString(CultureInfo.InvariantCulture);

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        var seconds = Text(_step);
        if (!_nodes.TryGet(key, out var node) || node.Metadata.Annotations.GetValueOrDefault(Annotation) == seconds)
        {
            return;
        }

        var patch = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [Annotation] = seconds } } };
        await _client.PatchMetadataAsync(
            Node.Resource, key, PatchType.Merge, JsonSerializer.SerializeToUtf8Bytes(patch), cancellationToken).ConfigureAwait(false);
    }

    // Informers call one after the other: the counters need no lock.
    private void OnNode(InformerChange<Node> change)
    {
        _count += (change.New is null ? 0 : 1) - (change.Old is null ? 0 : 1);
        var step = Step(_step, _count);
        if (step != _step)
        {
            _step = step;
            foreach (var node in _nodes.All)
            {
                Queue.Add(NamespacedName.Of(node));
            }
        }

        // A writer of a whole node may have taken the annotation away with what it had read before.
        if (change.New is { } current && current.Metadata.Annotations.GetValueOrDefault(Annotation) != Text(_step))
        {
            Queue.Add(change.Name);
        }
    }
}
