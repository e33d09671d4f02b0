using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Namespaces;

/// <summary>Sees to it that every namespace has the service account <c>default</c>.</summary>
internal sealed class ServiceAccountController : Controller
{
    private const string DefaultName = "default";

    private readonly KubernetesClient _client;
    private readonly Lister<Namespace> _namespaces;
    private readonly Lister<ServiceAccount> _accounts;

    public ServiceAccountController(KubernetesClient client, SharedInformers informers, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _namespaces = informers.Of<Namespace>();
        _accounts = informers.Of<ServiceAccount>();
        _namespaces.OnChange(ns => Queue.Add(NamespacedName.Of(ns)));
        _accounts.Subscribe(change =>
        {
            if (change.Type == InformerChangeType.Deleted && change.Object.Metadata.Name == DefaultName)
            {
                Queue.Add(new NamespacedName("", change.Object.Metadata.Namespace));
            }
        });
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (!_namespaces.TryGet(key, out var ns) || ns.Metadata.DeletionTimestamp is not null
            || _accounts.TryGet(new NamespacedName(key.Name, DefaultName), out _))
        {
            return;
        }

        try
        {
            var account = new ServiceAccount { Metadata = new ObjectMeta { Namespace = key.Name, Name = DefaultName } };
            await _client.CreateAsync(account, cancellationToken).ConfigureAwait(false);
        }
        catch (ApiException error) when (error.IsAlreadyExists)
        {
            // Only the cache did not have it yet.
        }
    }
}
