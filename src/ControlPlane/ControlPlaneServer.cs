using System.Net;
using System.Text.Json.Nodes;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Admission;
using Dataplane.ControlPlane.Admission.Quotas;
using Dataplane.ControlPlane.Controllers;
using Dataplane.ControlPlane.Controllers.Machinery;
using Dataplane.ControlPlane.CustomResources;
using Dataplane.ControlPlane.Machinery.Health;
using Dataplane.ControlPlane.Machinery.Http;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.ResourceMetrics;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Scheduling;
using Dataplane.ControlPlane.Security;
using Dataplane.ControlPlane.Security.ServiceAccounts;
using Dataplane.ControlPlane.Services;
using Dataplane.ControlPlane.Store;
using Dataplane.ControlPlane.Store.Etcd;
using Dataplane.Hosting;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane;

/// <summary>The API server of a cluster over its store.</summary>
public sealed class ControlPlaneServer : IAsyncDisposable
{
    private static readonly string[] SystemNamespaces = ["default", "kube-system", "kube-public", "kube-node-lease"];

    /// <summary>Selectors of thousands of labels are in the URL; Go's servers take as much.</summary>
    private const int MaxRequestHeadBytes = 1024 * 1024;

    /// <summary>How long controllers and the like may take to end.</summary>
    private static readonly TimeSpan BackgroundEnd = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stopping = new();
    private readonly List<IAsyncDisposable> _owned = [];
    private readonly List<HttpEndpoint> _endpoints = [];
    private readonly ILogger _logger;
    private Task _background = Task.CompletedTask;

    private ControlPlaneServer(ILogger logger) => _logger = logger;

    /// <summary>Bound addresses, in the order of the options.</summary>
    public IReadOnlyList<IPEndPoint> LocalEndPoints => [.. _endpoints.Select(endpoint => endpoint.LocalEndPoint)];

    /// <summary>The administrator's kubeconfig on disk; null when there is neither a path nor a data directory.</summary>
    public string? KubeConfigPath { get; private set; }

    /// <summary>The administrator's way in.</summary>
    public KubeConfig KubeConfig { get; private set; } = null!;

    /// <summary>Starts and returns when requests are served.</summary>
    /// <exception cref="ControlPlaneException">One line: the data directory, the store's file or an address cannot be used.</exception>
    public static async Task<ControlPlaneServer> StartAsync(
        ControlPlaneOptions options, ILoggerFactory loggers, CancellationToken cancellation = default)
    {
        var server = new ControlPlaneServer(loggers.CreateLogger("apiserver"));
        try
        {
            await server.RunAsync(options, loggers, cancellation);
            return server;
        }
        catch (Exception failure)
        {
            await server.DisposeAsync();
            throw failure is IOException or UnauthorizedAccessException or ArgumentException
                ? new ControlPlaneException(failure.Message.ReplaceLineEndings(" "), failure)
                : failure;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        foreach (var endpoint in _endpoints)
        {
            await endpoint.DisposeAsync();
        }

        // What does not heed its cancellation must not keep the process from ending.
        await _background.WaitAsync(BackgroundEnd, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_background.IsCompleted)
        {
            Log.BackgroundGoesOn(_logger, BackgroundEnd.TotalSeconds);
        }

        foreach (var owned in Enumerable.Reverse(_owned))
        {
            await owned.DisposeAsync();
        }

        _stopping.Dispose();
    }

    private async Task RunAsync(ControlPlaneOptions options, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var time = options.Time;
        if (options.DataDirectory is { } directory)
        {
            Directory.CreateDirectory(directory);
        }

        var clients = options.ClientAuthorityFile is { } authorities ? Own(new ClientAuthorities(authorities, time)) : null;
        var addresses = new ClusterAddressPool(options.ServiceCidr);
        var serving = ForeignCertificate(options);
        var identity = Own(ClusterIdentity.Load(options.DataDirectory, CertificateNames(options, addresses.First), time));
        var allocation = new ServiceAllocation(addresses, new NodePortPool(options.NodePortRange));
        var store = await OpenStoreAsync(options, new ForeignValues(ServedResources.Catalog(allocation, time)), time, cancellation);
        _owned.Add(store);
        var health = new HealthChecks(store, _stopping.Token);
        var kubelets = Own(new KubeletClient(identity.KubeletClient, options.KubeletDialer));
        var catalog = ServedResources.Catalog(
            allocation, time, new ComponentStatusResource(health), UsageResource.All(store, new UsageReader(kubelets, time, _logger), time));
        var quotas = new QuotaLedger(store, catalog, time);
        var writer = new ObjectWriter(store, new AdmissionChain(store, quotas), time, options.EventTtl);
        var custom = Own(new CustomResourceServing(store, writer, catalog, time, _logger));
        custom.Load();
        foreach (var service in store.Current.List(catalog.Find("", "services").StoragePrefix))
        {
            allocation.Adopt(service.Document());
        }

        await EnsureNamespacesAsync(store, writer, catalog);
        await SystemPriorityClasses.EnsureAsync(store, writer, catalog);
        await DefaultServiceCidr.EnsureAsync(store, writer, catalog, options.ServiceCidr.ToString(), time);
        var router = ApiAssembly.Router(options, identity, store, catalog, writer, health, kubelets, time, _logger, Own, _stopping.Token);
        foreach (var listen in options.Listen)
        {
            var endpoint = await HttpEndpoint.StartAsync(
                new HttpEndpointOptions
                {
                    Address = listen.Address,
                    Namespace = listen.Namespace,
                    Certificate = identity.Server,
                    SelectCertificate = serving is null ? null : name => name == ServingCertificate.LoopbackName ? null : serving.Current,
                    AcceptClientCertificate = certificate => identity.Authority.Accepts(certificate) || clients?.Accepts(certificate) == true,
                    MaxRequestHeadBytes = MaxRequestHeadBytes,
                },
                router.HandleAsync,
                loggers,
                cancellation);
            _endpoints.Add(endpoint);
            Log.Listening(_logger, endpoint.LocalEndPoint);
        }

        WriteKubeConfig(options, identity);
        var publisher = new KubernetesServicePublisher(store, writer, catalog, addresses.First, Backend(options), _logger);
        await publisher.PublishAsync();
        var client = Own(new KubernetesClient(KubeConfig));
        _background = Task.WhenAll(
            publisher.RunAsync(_stopping.Token),
            new EventExpiry(store, options.EventTtl, time, _logger).RunAsync(_stopping.Token),
            new QuotaRecounter(store, quotas, time, _logger).RunAsync(_stopping.Token),
            custom.RunAsync(_stopping.Token),
            options.Controllers ? RunControllersAsync(client, options, identity, health, loggers, time) : Task.CompletedTask);
    }

    // One set of caches for the controllers and the scheduler: of each pod one copy.
    private Task RunControllersAsync(
        KubernetesClient client, ControlPlaneOptions options, ClusterIdentity identity, HealthChecks health, ILoggerFactory loggers, TimeProvider time)
    {
        var informers = new SharedInformers(client, loggers, time);
        var scheduler = Scheduler.Create(client, informers, loggers, time);
        return Task.WhenAll(
            health.Follow(
                "controller-manager",
                ControllerSet.RunAsync(client, informers, options, Credentials(options, identity), loggers, time, _stopping.Token)),
            health.Follow("scheduler", scheduler.RunAsync(_stopping.Token)));
    }

    private async Task<IStore> OpenStoreAsync(ControlPlaneOptions options, ForeignValues values, TimeProvider time, CancellationToken cancellation) => options.Store switch
    {
        "memory" => new MemoryStore(options.MemoryHistory),
        "sqlite" when options.DataDirectory is { } directory => SqliteStore.Open(Path.Combine(directory, "state.db")),
        "sqlite" => throw new ArgumentException("store \"sqlite\" needs a data directory"),
        "etcd" when options.Etcd is { Servers.Count: > 0 } etcd => await EtcdStore.OpenAsync(etcd, values.Read, _logger, time, cancellation),
        "etcd" => throw new ArgumentException("store \"etcd\" needs --etcd-servers"),
        _ => throw new ArgumentException($"store \"{options.Store}\": sqlite, memory and etcd are known"),
    };

    private ServingCertificate? ForeignCertificate(ControlPlaneOptions options) => (options.ServingCertificateFile, options.ServingKeyFile) switch
    {
        (null, null) => null,
        ({ } certificate, { } key) => new ServingCertificate(certificate, key, _logger),
        _ => throw new ArgumentException("--tls-cert-file and --tls-private-key-file must be specified together"),
    };

    private static ClusterCredentials Credentials(ControlPlaneOptions options, ClusterIdentity identity) => new(
        new ServiceAccountTokens(identity.ServiceAccounts, options.ServiceAccountIssuer), identity.Authority.Root.ExportCertificatePem() + "\n", identity.Authority);

    private static IReadOnlyList<string> CertificateNames(ControlPlaneOptions options, IPAddress serviceAddress) =>
    [
        .. new[]
        {
            "localhost", "127.0.0.1", "172.30.0.1", serviceAddress.ToString(),
            "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
        }
        .Concat(options.Listen.Select(listen => listen.Address.Address.ToString()).Where(address => address is not ("0.0.0.0" or "::")))
        .Concat(options.AdvertiseAddress is { } advertised ? [advertised.Address.ToString()] : [])
        .Concat(options.ServingCertificateFile is null ? [] : [ServingCertificate.LoopbackName])
        .Concat(options.CertificateNames).Distinct(),
    ];

    private static async Task EnsureNamespacesAsync(IStore store, ObjectWriter writer, ResourceCatalog catalog)
    {
        var namespaces = catalog.Find("", "namespaces");
        foreach (var name in SystemNamespaces)
        {
            if (store.Current.Get(namespaces.Key("", name)) is null)
            {
                var metadata = new JsonObject { ["name"] = name };
                await writer.CreateAsync(namespaces, "", new JsonObject { ["metadata"] = metadata }, dryRun: false);
            }
        }
    }

    private T Own<T>(T disposable)
        where T : IDisposable
    {
        _owned.Add(new OwnedDisposable(disposable));
        return disposable;
    }

    private void WriteKubeConfig(ControlPlaneOptions options, ClusterIdentity identity)
    {
        var first = _endpoints[0].LocalEndPoint;
        var host = first.Address.Equals(IPAddress.Any) ? IPAddress.Loopback : first.Address;
        var server = new UriBuilder("https", host.ToString(), first.Port).Uri;
        KubeConfig = new KubeConfig
        {
            Server = server,
            CertificateAuthorities = [identity.Authority.Root],
            TlsServerName = options.ServingCertificateFile is null ? null : ServingCertificate.LoopbackName,
            ClientCertificate = identity.Administrator,
            Token = identity.AdministratorToken,
        };
        KubeConfigPath = options.KubeConfigPath ?? (options.DataDirectory is { } directory ? Path.Combine(directory, "admin.conf") : null);
        if (KubeConfigPath is not null)
        {
            OwnerOnlyFile.Write(KubeConfigPath, KubeConfigDocument.Render(identity, server, options.ClusterName, KubeConfig.TlsServerName));
        }
    }

    // A loopback address means something else on every node: it is never published.
    private IPEndPoint? Backend(ControlPlaneOptions options)
    {
        if (options.AdvertiseAddress is { } advertised)
        {
            return advertised;
        }

        return LocalEndPoints.FirstOrDefault(endPoint => !IPAddress.IsLoopback(endPoint.Address) && !endPoint.Address.Equals(IPAddress.Any));
    }

    private sealed class OwnedDisposable(IDisposable disposable) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            disposable.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
