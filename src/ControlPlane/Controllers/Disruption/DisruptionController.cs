using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Api.Selectors;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Disruption;

/// <summary>Keeps the status of disruption budgets: how many of their pods may be evicted now.</summary>
internal sealed class DisruptionController : Controller
{
    private readonly KubernetesClient _client;
    private readonly Lister<PodDisruptionBudget> _budgets;
    private readonly Lister<Pod> _pods;
    private readonly PodScales _scales;
    private readonly EventRecorder _events;

    public DisruptionController(KubernetesClient client, SharedInformers informers, EventRecorder events, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _events = events;
        _budgets = informers.Of<PodDisruptionBudget>();
        _pods = informers.Of<Pod>();
        _scales = new PodScales(client, informers);
        _budgets.OnChange(budget => Queue.Add(NamespacedName.Of(budget)));
        _pods.Subscribe(OnPod);
        _scales.OnChange(ns => Enqueue(ns, budget => DisruptionPlan.NeedsScale(budget.Spec)));
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (!_budgets.TryGet(key, out var budget) || budget.Metadata.DeletionTimestamp is not null)
        {
            return;
        }

        var now = Time.GetUtcNow();
        var selector = LabelSelectorExpression.Of(budget.Spec.Selector);
        var pods = _pods.In(key.Namespace).Where(pod => selector.Matches(pod.Metadata.Labels)).ToList();
        if (pods.Count == 0)
        {
            _events.Normal(budget, "NoPods", "No matching pods found");
        }

        int scale;
        try
        {
            scale = DisruptionPlan.NeedsScale(budget.Spec) ? await ScaleAsync(budget, pods, cancellationToken).ConfigureAwait(false) : 0;
        }
        catch (UnknownScaleException failure)
        {
            _events.Warning(budget, "CalculateExpectedPodCountFailed", $"Failed to calculate the number of expected pods: {failure.Message}");
            await WriteAsync(budget, DisruptionPlan.FailSafe(budget, failure.Message, now), cancellationToken).ConfigureAwait(false);
            return;
        }

        var plan = DisruptionPlan.Of(budget, pods, scale, now);
        foreach (var pod in plan.Undeleted)
        {
            _events.Warning(pod, "NotDeleted", $"Pod was expected by PDB {key.Namespace}/{key.Name} to be deleted but it wasn't");
        }

        await WriteAsync(budget, plan.Status, cancellationToken).ConfigureAwait(false);
        if (plan.Recheck is { } recheck)
        {
            Queue.AddAfter(key, recheck);
        }
    }

    private async Task<int> ScaleAsync(PodDisruptionBudget budget, List<Pod> pods, CancellationToken cancellationToken)
    {
        var (scale, unmanaged) = await _scales.OfAsync(pods, cancellationToken).ConfigureAwait(false);
        if (unmanaged.Count > 0)
        {
            _events.Warning(
                budget,
                "UnmanagedPods",
                $"Pods selected by this PodDisruptionBudget were found to be unmanaged. As a result, the status of the PDB " +
                "cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set \".spec.minAvailable\" field " +
                "of the PDB to an integer value.");
        }

        return scale;
    }

    /// <summary>With the version the numbers are of: an eviction that came between asks for new ones.</summary>
    private async Task WriteAsync(PodDisruptionBudget budget, PodDisruptionBudgetStatus status, CancellationToken cancellationToken)
    {
        if (!ApiJson.SameContent(status, budget.Status))
        {
            await _client.UpdateStatusAsync(budget with { Status = status }, cancellationToken).ConfigureAwait(false);
        }
    }

    private void OnPod(InformerChange<Pod> change)
    {
        var pod = change.Object;
        Enqueue(pod.Metadata.Namespace, budget =>
            LabelSelectorExpression.Of(budget.Spec.Selector) is var selector
            && (selector.Matches(pod.Metadata.Labels) || (change.Old is { } old && selector.Matches(old.Metadata.Labels))));
    }

    private void Enqueue(string ns, Func<PodDisruptionBudget, bool> concerns)
    {
        foreach (var budget in _budgets.In(ns))
        {
            if (concerns(budget))
            {
                Queue.Add(NamespacedName.Of(budget));
            }
        }
    }
}
