using Dataplane.Api;
using Dataplane.Api.Client;

namespace Dataplane.ControlPlane.Controllers.Pods;

/// <summary>Deletions of pods by the cluster itself, which say so in the pod first (KEP-3329).</summary>
internal static class PodDisruption
{
    /// <summary>Writes the condition DisruptionTarget and deletes the pod, which may be gone already.</summary>
    /// <param name="client">The server.</param>
    /// <param name="pod">Which one; another of its name is left alone.</param>
    /// <param name="reason">Of the condition.</param>
    /// <param name="message">Of the condition.</param>
    /// <param name="options">Grace; null leaves it to the pod.</param>
    /// <param name="now">The clock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="phase">A phase to write with it; null leaves it.</param>
    public static async Task DeleteAsync(
        KubernetesClient client, Pod pod, string reason, string message, DeleteOptions? options, DateTimeOffset now, CancellationToken cancellationToken, string? phase = null)
    {
        var name = NamespacedName.Of(pod);
        var condition = new PodCondition { Type = "DisruptionTarget", Status = "True", Reason = reason, Message = message, LastTransitionTime = now };
        var patch = new Pod { Metadata = new ObjectMeta { UID = pod.Metadata.UID }, Status = new PodStatus { Phase = phase, Conditions = [condition] } };
        options = (options ?? new DeleteOptions()) with { Preconditions = new Preconditions { UID = pod.Metadata.UID } };
        try
        {
            await client.PatchAsync<Pod>(name, PatchType.StrategicMerge, ApiJson.Serialize(patch), "status", cancellationToken).ConfigureAwait(false);
            await client.DeleteAsync<Pod>(name, options, cancellationToken).ConfigureAwait(false);
        }
        catch (ApiException error) when (error.IsNotFound || error.IsConflict)
        {
            // Gone, or another pod of the name: what was to be deleted is.
        }
    }
}
