using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;

namespace Dataplane.ControlPlane.Controllers.Replicas;

/// <summary>Creates and deletes the pods of an owner, with an event of the owner for each.</summary>
internal sealed class PodWriter(KubernetesClient client, OwnWrites<Pod> pods, EventRecorder events)
{
    /// <summary>A pod of a template, named by the server. Its labels and annotations are its own to change.</summary>
    public static Pod FromTemplate<TOwner>(TOwner owner, PodTemplateSpec template)
        where TOwner : IResource<TOwner> => new()
        {
            Metadata = new ObjectMeta
            {
                GenerateName = owner.Metadata.Name + "-",
                Namespace = owner.Metadata.Namespace,
                Labels = new Dictionary<string, string>(template.Metadata.Labels),
                Annotations = new Dictionary<string, string>(template.Metadata.Annotations),
                Finalizers = [.. template.Metadata.Finalizers],
                OwnerReferences = [ControllerReference.To(owner)],
            },
            Spec = template.Spec,
        };

    /// <summary>The pod as created, or why it could not be.</summary>
    public async Task<(Pod? Pod, Exception? Error)> CreateAsync<TOwner>(TOwner owner, Pod template, CancellationToken cancellationToken)
        where TOwner : IResource<TOwner>
    {
        try
        {
            var pod = pods.Wrote(await client.CreateAsync(template, cancellationToken).ConfigureAwait(false));
            events.Normal(owner, "SuccessfulCreate", $"Created pod: {pod.Metadata.Name}");
            return (pod, null);
        }
        catch (Exception error) when (error is ApiException or HttpRequestException)
        {
            events.Warning(owner, "FailedCreate", $"Error creating: {error.Message}");
            return (null, error);
        }
    }

    /// <summary>Asks a pod to end; null when it was asked to or is gone, else why not.</summary>
    public async Task<Exception?> DeleteAsync<TOwner>(TOwner owner, Pod pod, CancellationToken cancellationToken)
        where TOwner : IResource<TOwner>
    {
        try
        {
            var sameLife = new DeleteOptions { Preconditions = new Preconditions { UID = pod.Metadata.UID } };
            await client.DeleteAsync<Pod>(NamespacedName.Of(pod), sameLife, cancellationToken).ConfigureAwait(false);
            events.Normal(owner, "SuccessfulDelete", $"Deleted pod: {pod.Metadata.Name}");
        }
        catch (ApiException error) when (error.IsNotFound)
        {
            // Gone is what it should be.
            pods.Deleted(pod);
            return null;
        }
        catch (Exception error) when (error is ApiException or HttpRequestException)
        {
            events.Warning(owner, "FailedDelete", $"Error deleting: {error.Message}");
            return error;
        }

        pods.Ending(pod);
        return null;
    }
}
