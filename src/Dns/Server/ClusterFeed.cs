using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dataplane.Api.Client;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Zones;
using Microsoft.Extensions.Logging;

namespace Dataplane.Dns.Server;

/// <summary>The cluster as one plan sees it: the names, and what keeps them current.</summary>
internal sealed class ClusterFeed : IAsyncDisposable
{
    private readonly ZoneWatcher? _watcher;

    private ClusterFeed(KubernetesPlan? plan, ZoneSource source, ZoneWatcher? watcher) => (Plan, Source, _watcher) = (plan, source, watcher);

    internal KubernetesPlan? Plan { get; }

    internal ZoneSource Source { get; }

    /// <summary>Whether all lists are in; a server without a cluster waits for none.</summary>
    internal bool Synced => _watcher is null || Source.Current.Synced;

    /// <summary>When the API server was last heard of; null before the first time, and without a cluster.</summary>
    internal DateTimeOffset? LastHeard => _watcher?.LastHeard;

    /// <summary>Begins to follow; does not wait for the API server, nor fail without it.</summary>
    /// <exception cref="FormatException">The zone or a reverse network is not one.</exception>
    /// <exception cref="KubeConfigException">There is no way to the API server.</exception>
    /// <param name="plan">What is followed; null for no cluster.</param>
    /// <param name="options">What a plan leaves open.</param>
    /// <param name="loggers">For this and what it starts.</param>
    /// <param name="programmed">Told how old a change of a headless service's endpoints was when it could be asked for.</param>
    internal static ClusterFeed Start(KubernetesPlan? plan, DnsOptions options, ILoggerFactory loggers, Action<TimeSpan> programmed)
    {
        var state = new ZoneState(new ZoneOptions
        {
            Zone = new ZoneNames(plan?.Zone ?? options.Zone),
            ReverseZones = [.. (plan?.ReverseZones ?? []).Select(zone => new ZoneNames(zone))],
            Ttl = plan?.Ttl ?? options.Ttl,
            Pods = plan?.Pods ?? options.Pods,
            Namespaces = new HashSet<string>(plan?.Namespaces ?? []),
            FollowsSomeNamespaces = plan?.NamespaceLabels is not null,
            HidesEmptyServices = plan?.HidesEmptyServices ?? false,
            NameServerService = options.NameServerService,
            NameServerAddresses = [.. options.Listen.Select(listen => listen.Address.Address).Where(address => !ListenKey.IsWildcard(address))],
        });
        var source = new ZoneSource(state.Current);
        return new ClusterFeed(plan, source, plan is null ? null : new ZoneWatcher(ConfigOf(plan, options), plan, state, source, (TimeProvider.System, programmed), loggers));
    }

    /// <summary>Completes when all lists are in.</summary>
    internal Task WaitForSyncAsync(CancellationToken cancellation) => _watcher?.WaitForSyncAsync(cancellation) ?? Task.CompletedTask;

    public ValueTask DisposeAsync() => _watcher?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static KubeConfig ConfigOf(KubernetesPlan plan, DnsOptions options) => plan switch
    {
        { KubeConfig: var (path, context) } => KubeConfig.Load(path, context),
        { Endpoint: { } endpoint, Tls: var (certificate, key, authority) } => Load(endpoint, certificate, key, authority),
        { Endpoint: { } endpoint } => new KubeConfig { Server = endpoint },
        _ => options.KubeConfig ?? KubeConfig.InCluster(),
    };
    private static KubeConfig Load(Uri endpoint, string certificate, string key, string authority)
    {
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(authority);
            return new KubeConfig { Server = endpoint, ClientCertificate = X509Certificate2.CreateFromPemFile(certificate, key), CertificateAuthorities = authorities };
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new KubeConfigException($"tls {certificate} {key} {authority}: {failure.Message}", failure);
        }
    }
}
