using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Admission;

/// <summary>Sees to it that a new pod's service account is there, and gives the pod its credentials.</summary>
internal static class ServiceAccountAdmission
{
    private const string Prefix = "/registry/serviceaccounts/";

    /// <summary>How long a pod waits for the account that every new namespace gets: longer than the controller takes on a busy machine at its start.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <exception cref="Machinery.Errors.StatusException">403: there is no such account.</exception>
    public static async ValueTask ApplyAsync(AdmissionRequest request, IStore store)
    {
        var pod = request.Object;
        if (PodServiceAccount.IsMirror(pod))
        {
            return;
        }

        var name = pod.Text("spec", "serviceAccountName") ?? "default";
        var key = $"{Prefix}{request.Namespace}/{name}";
        var account = store.Current.Get(key) ?? (name == "default" ? await WaitAsync(key, store) : null);
        PodServiceAccount.Apply(pod, account?.Document() ?? throw PodServiceAccount.Missing(pod, request.Namespace, name));
    }

    private static async Task<StoredObject?> WaitAsync(string key, IStore store)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var watch = store.Watch(key, store.Current.Revision);
        try
        {
            // It may have come between the look and the watch.
            while (store.Current.Get(key) is null)
            {
                if (!await watch.Events.WaitToReadAsync(patience.Token))
                {
                    break;
                }

                watch.Events.TryRead(out _);
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody makes it.
        }

        return store.Current.Get(key);
    }
}
