using Dataplane.Api;
using Dataplane.Api.Client;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Machinery;

/// <summary>One informer for each kind, whoever asks for it.</summary>
internal sealed class SharedInformers(KubernetesClient client, ILoggerFactory loggers, TimeProvider time)
{
    private readonly Dictionary<(Type Kind, string Fields), object> _listers = [];
    private readonly List<Func<CancellationToken, Task>> _runs = [];
    private readonly List<Func<CancellationToken, Task>> _waits = [];

    /// <summary>The cache of a kind, or of the part of it that a field selector leaves; only before <see cref="RunAsync"/>.</summary>
    public Lister<T> Of<T>(string fields = "")
        where T : class, IResource<T>
    {
        if (_listers.TryGetValue((typeof(T), fields), out var known))
        {
            return (Lister<T>)known;
        }

        var informer = new Informer<T>(client, fields.Length == 0 ? new InformerOptions() : new InformerOptions { FieldSelector = fields }, loggers.CreateLogger<Informer<T>>(), time);
        var lister = new Lister<T>(informer);
        _listers.Add((typeof(T), fields), lister);
        _runs.Add(informer.RunAsync);
        _waits.Add(informer.WaitForSyncAsync);
        return lister;
    }

    /// <summary>Follows every kind asked for until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(_runs.Select(run => run(cancellationToken)));

    /// <summary>Completes when every cache has had its first list.</summary>
    public Task WaitForSyncAsync(CancellationToken cancellationToken) => Task.WhenAll(_waits.Select(wait => wait(cancellationToken)));
}
