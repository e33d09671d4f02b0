using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.ServiceAccounts;

/// <summary>Keeps the ConfigMap <c>kube-root-ca.crt</c> in every namespace: by it pods know this server.</summary>
internal sealed class RootCertificateController : Controller
{
    private const string Name = "kube-root-ca.crt";
    private const string Key = "ca.crt";

    private readonly KubernetesClient _client;
    private readonly Lister<Namespace> _namespaces;
    private readonly Lister<ConfigMap> _maps;
    private readonly string _certificate;

    /// <param name="client">The server.</param>
    /// <param name="informers">Shared caches.</param>
    /// <param name="certificate">The CA, PEM.</param>
    /// <param name="logger">Takes failures.</param>
    /// <param name="time">The clock.</param>
    public RootCertificateController(KubernetesClient client, SharedInformers informers, string certificate, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _certificate = certificate;
        _namespaces = informers.Of<Namespace>();
        _maps = informers.Of<ConfigMap>($"metadata.name={Name}");
        _namespaces.OnChange(ns => Queue.Add(NamespacedName.Of(ns)));
        _maps.OnChange(map => Queue.Add(new NamespacedName("", map.Metadata.Namespace)));
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (!_namespaces.TryGet(key, out var ns) || ns.Metadata.DeletionTimestamp is not null)
        {
            return;
        }

        if (!_maps.TryGet(new NamespacedName(key.Name, Name), out var current))
        {
            await _client.CreateAsync(Map(key.Name), cancellationToken).ConfigureAwait(false);
        }
        else if (current.Data.Count != 1 || current.Data.GetValueOrDefault(Key) != _certificate)
        {
            await _client.UpdateAsync(current with { Data = Map(key.Name).Data }, cancellationToken: cancellationToken).ConfigureAwait(false);
        }
    }

    private ConfigMap Map(string ns) => new()
    {
        Metadata = new ObjectMeta
        {
            Namespace = ns,
            Name = Name,
            Annotations =
            {
                ["kubernetes.io/description"] =
                    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or " +
                    "kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.",
            },
        },
        Data = { [Key] = _certificate },
    };
}
