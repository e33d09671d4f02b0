using Dataplane.Api;
using Dataplane.Api.Client;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Machinery;

/// <summary>One informer for each kind, whoever asks for it.</summary>
internal sealed class SharedInformers(KubernetesClient client, ILoggerFactory loggers, TimeProvider time)
{
    private readonly Dictionary<Type, object> _listers = [];
    private readonly List<Func<CancellationToken, Task>> _runs = [];
    private readonly List<Func<CancellationToken, Task>> _waits = [];

    /// <summary>The cache of a kind; only before <see cref="RunAsync"/>.</summary>
    public Lister<T> Of<T>()
        where T : class, IResource<T>
    {
        if (_listers.TryGetValue(typeof(T), out var known))
        {
            return (Lister<T>)known;
        }

        var informer = new Informer<T>(client, new InformerOptions(), loggers.CreateLogger<Informer<T>>(), time);
        var lister = new Lister<T>(informer);
        _listers.Add(typeof(T), lister);
        _runs.Add(informer.RunAsync);
        _waits.Add(informer.WaitForSyncAsync);
        return lister;
    }

    /// <summary>Follows every kind asked for until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(_runs.Select(run => run(cancellationToken)));

    /// <summary>Completes when every cache has had its first list.</summary>
    public Task WaitForSyncAsync(CancellationToken cancellationToken) => Task.WhenAll(_waits.Select(wait => wait(cancellationToken)));
}
