using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Scheduling;

/// <summary>Writes the scheduler's decisions.</summary>
internal sealed class PodBinder(KubernetesClient client, EventRecorder events, ILogger logger, TimeProvider time)
{
    private const string PodScheduled = "PodScheduled";
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>Binds a pod to a node. False when it was not done: whether the pod still needs a node is to be looked at again.</summary>
    public async Task<bool> BindAsync(Pod pod, string node, CancellationToken cancellationToken)
    {
        var binding = new Binding
        {
            Metadata = new ObjectMeta { Namespace = pod.Metadata.Namespace, Name = pod.Metadata.Name, UID = pod.Metadata.UID },
            Target = new ObjectReference { Kind = "Node", Name = node },
        };
        try
        {
            await client.PostAsync(Pod.Resource, NamespacedName.Of(pod), "binding", binding, cancellationToken).ConfigureAwait(false);
            events.Normal(pod, "Scheduled", $"Successfully assigned {NamespacedName.Of(pod)} to {node}", "Binding");
            return true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return true;
        }
        catch (ApiException error) when (error.IsNotFound || error.IsConflict)
        {
            // Deleted, or bound by somebody else: nothing that anybody has to be told.
            Log.BindingRefused(logger, NamespacedName.Of(pod), node, error.Message);
            await PauseAsync(cancellationToken).ConfigureAwait(false);
            return false;
        }
        catch (Exception error) when (error is ApiException or HttpRequestException or OperationCanceledException)
        {
            Log.BindingFailed(logger, NamespacedName.Of(pod), node, error.Message);
            events.Warning(pod, "FailedScheduling", $"binding rejected: {error.Message}", "Scheduling");
            await PauseAsync(cancellationToken).ConfigureAwait(false);
            return false;
        }
    }

    private async Task PauseAsync(CancellationToken cancellationToken) =>
        await Task.Delay(RetryDelay, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>Tells that a pod fits nowhere: an event and its PodScheduled condition, which is written only when it changes.</summary>
    public async Task RefuseAsync(Pod pod, string message, CancellationToken cancellationToken)
    {
        events.Warning(pod, "FailedScheduling", message, "Scheduling");
        var current = pod.Status.Conditions.Find(condition => condition.Type == PodScheduled);
        if (current is { Status: "False", Reason: "Unschedulable" } && current.Message == message)
        {
            return;
        }

        var condition = new PodCondition
        {
            Type = PodScheduled,
            Status = "False",
            Reason = "Unschedulable",
            Message = message,
            LastTransitionTime = current?.Status == "False" ? current.LastTransitionTime : time.GetUtcNow(),
        };
        // Conditions merge by their type: the kubelet's are not touched.
        var patch = ApiJson.Serialize(
            new Pod { Metadata = new ObjectMeta { UID = pod.Metadata.UID }, Status = new PodStatus { Conditions = [condition] } });
        try
        {
            await client.PatchAsync<Pod>(NamespacedName.Of(pod), PatchType.StrategicMerge, patch, "status", cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is ApiException or HttpRequestException or OperationCanceledException)
        {
            Log.ConditionLost(logger, NamespacedName.Of(pod), error.Message);
        }
    }
}
