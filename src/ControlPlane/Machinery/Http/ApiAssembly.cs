using Dataplane.ControlPlane.Machinery.Discovery;
using Dataplane.ControlPlane.Machinery.Health;
using Dataplane.ControlPlane.Machinery.Metrics;
using Dataplane.ControlPlane.Machinery.Proxying;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Security;
using Dataplane.ControlPlane.Security.ServiceAccounts;
using Dataplane.ControlPlane.Store;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>Puts the request path together.</summary>
internal static class ApiAssembly
{
    public static ApiRouter Router(
        ControlPlaneOptions options,
        ClusterIdentity identity,
        IStore store,
        ResourceCatalog catalog,
        ObjectWriter writer,
        HealthChecks health,
        KubeletClient kubelets,
        TimeProvider time,
        ILogger logger,
        Func<IDisposable, IDisposable> own,
        CancellationToken stopping)
    {
        var tokens = new ServiceAccountTokens(identity.ServiceAccounts, options.ServiceAccountIssuer);
        var verifier = new TokenVerifier(tokens, store, time);
        var reader = new ObjectReader(store, time);
        var metrics = new RequestMetrics(time);
        var proxy = new ProxyForwarder(new ProxyResolver(store, catalog), identity.KubeletClient, options.PodDialer, options.KubeletDialer);
        own(proxy);
        var deleter = new ObjectDeleter(store, time);
        var evictions = new EvictionHandler(reader, writer, deleter, store, catalog, time);
        var targets = new ContainerTargets(store, catalog);
        var resources = new ResourceHandler(
            reader,
            writer,
            deleter,
            new WatchStream(store, reader, metrics, options.MinRequestTimeout, time),
            new PatchHandler(writer, time),
            new ApplyHandler(writer, time),
            time);
        var subresources = new SubresourceHandler(
            reader, writer, new ScaleHandler(reader, writer, time), new PodLogHandler(targets, kubelets), new PodStreamHandler(targets, kubelets), evictions,
            new ReviewHandler(verifier), new TokenRequestHandler(reader, store, catalog, tokens, time), catalog.Find("", "pods"), time);
        var serverAddress = options.AdvertiseAddress?.ToString() ?? options.Listen[0].Address.ToString();
        var discovery = new DiscoveryHandler(
            new DiscoveryDocuments(catalog), new DiscoveryCache(catalog), new OpenApiDocuments(catalog), health, new MetricsPage(metrics, store, catalog),
            serverAddress, tokens);
        return new ApiRouter(
            catalog, new Authenticator(identity, verifier, options.TokenFile is { } file ? TokenFile.Read(file) : null),
            new RequestLimits(metrics, options.MaxRequestsInFlight, options.MaxMutatingRequestsInFlight), resources, subresources, proxy, discovery, metrics, logger, stopping);
    }
}
