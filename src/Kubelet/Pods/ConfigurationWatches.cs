using System.Text;
using Dataplane.Api;
using Dataplane.Api.Client;
using Microsoft.Extensions.Logging;

namespace Dataplane.Kubelet.Pods;

/// <summary>
/// Follows the ConfigMaps and Secrets that pods of this node refer to: one watch for each, for as long as a pod does. More a node
/// may not see: the node authorizer lets it have the objects of its own pods, one by one.
/// </summary>
internal sealed class ConfigurationWatches(KubernetesClient client, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private static readonly TimeSpan SyncLimit = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<ConfigurationName, FollowedObject> _followed = [];

    /// <summary>Follows these for a pod. Each that is followed already, for this pod or another, is ready at once.</summary>
    /// <param name="uid">The pod's.</param>
    /// <param name="names">What it refers to.</param>
    /// <param name="changed">Called on any thread after one of them has come, changed or gone.</param>
    internal void Follow(string uid, IEnumerable<ConfigurationName> names, Action changed)
    {
        lock (_gate)
        {
            foreach (var name in names)
            {
                if (!_followed.TryGetValue(name, out var followed))
                {
                    _followed[name] = followed = name.Kind == ConfigurationKind.ConfigMap ? Start<ConfigMap>(name, Content) : Start<Secret>(name, static secret => secret.Data);
                }

                followed.Pods[uid] = changed;
            }
        }
    }

    /// <summary>The pod refers to nothing any more. Idempotent.</summary>
    internal void Forget(string uid)
    {
        var unused = new List<FollowedObject>();
        lock (_gate)
        {
            foreach (var (name, followed) in _followed.Where(pair => pair.Value.Pods.Remove(uid) && pair.Value.Pods.Count == 0).ToArray())
            {
                _followed.Remove(name);
                unused.Add(followed);
            }
        }

        unused.ForEach(static followed => followed.Stopping.Cancel());
    }

    /// <summary>The keys with their content, a ConfigMap's binary ones too; null when there is no such object.</summary>
    /// <exception cref="ConfigurationException">Nobody follows it, or the server has not answered yet.</exception>
    internal async Task<IReadOnlyDictionary<string, byte[]>?> ContentAsync(ConfigurationName name, CancellationToken cancellation)
    {
        FollowedObject? followed;
        lock (_gate)
        {
            followed = _followed.GetValueOrDefault(name);
        }

        var kind = name.Kind.ToString().ToLowerInvariant();
        if (followed is null)
        {
            throw new ConfigurationException($"object \"{name.Namespace}\"/\"{name.Name}\" not registered");
        }

        try
        {
            await followed.Synced.WaitAsync(SyncLimit, time, cancellation);
        }
        catch (TimeoutException)
        {
            throw new ConfigurationException($"failed to sync {kind} cache: timed out waiting for the condition");
        }

        return followed.Content();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        FollowedObject[] all;
        lock (_gate)
        {
            all = [.. _followed.Values];
            _followed.Clear();
        }

        foreach (var followed in all)
        {
            await followed.Stopping.CancelAsync();
            await followed.Run;
        }
    }

    private FollowedObject Start<T>(ConfigurationName name, Func<T, IReadOnlyDictionary<string, byte[]>> content)
        where T : class, IResource<T>
    {
        var informer = new Informer<T>(client, new InformerOptions { Namespace = name.Namespace, FieldSelector = $"metadata.name={name.Name}" }, logger, time);
        var stopping = new CancellationTokenSource();
        var key = new NamespacedName(name.Namespace, name.Name);
        var followed = new FollowedObject(stopping, informer.WaitForSyncAsync(stopping.Token), () => informer.TryGet(key, out var one) ? content(one) : null);

        // What the first list holds is news to nobody: it is waited for.
        informer.Subscribe(_ =>
        {
            if (informer.HasSynced)
            {
                Notify(followed);
            }
        });
        followed.Run = RunAsync(informer, stopping);
        return followed;
    }

    private static async Task RunAsync<T>(Informer<T> informer, CancellationTokenSource stopping)
        where T : class, IResource<T>
    {
        using (stopping)
        {
            await Task.Run(() => informer.RunAsync(stopping.Token));
        }
    }

    private void Notify(FollowedObject followed)
    {
        Action[] interested;
        lock (_gate)
        {
            interested = [.. followed.Pods.Values];
        }

        foreach (var changed in interested)
        {
            changed();
        }
    }

    private static Dictionary<string, byte[]> Content(ConfigMap map)
    {
        var content = new Dictionary<string, byte[]>(map.BinaryData);
        foreach (var (key, value) in map.Data)
        {
            content[key] = Encoding.UTF8.GetBytes(value);
        }

        return content;
    }

    /// <param name="Stopping">Ends its watch.</param>
    /// <param name="Synced">Completes with the first list.</param>
    /// <param name="Content">As of the last change.</param>
    private sealed record FollowedObject(CancellationTokenSource Stopping, Task Synced, Func<IReadOnlyDictionary<string, byte[]>?> Content)
    {
        internal Dictionary<string, Action> Pods { get; } = new(StringComparer.Ordinal);

        internal Task Run { get; set; } = Task.CompletedTask;
    }
}
