using System.Net;
using System.Security.Cryptography;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Server;
using Microsoft.Extensions.Logging;

namespace Dataplane.Dns;

/// <summary>
/// The cluster's DNS server:
/// <code>
/// API server ─> informers ─> ZoneState ─> ZoneSnapshot ─┐ (one volatile reference)
///                                                       v
/// UDP thread, TCP, TLS, HTTPS ──────────────────> QueryEngine ─┬─> reply in place
///                        server blocks of the Corefile ──^     └─> Forwarder ─> upstreams
/// </code>
/// docs/life-of-a-query.md walks through it.
/// </summary>
public sealed class ClusterDns : IAsyncDisposable
{
    private static readonly TimeSpan AgeCheck = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan OldAge = TimeSpan.FromMinutes(3);

    private readonly DnsOptions _options;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly DnsMetrics _metrics;
    private readonly ListenerSet _listeners;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];
    private DnsPlan _plan;
    private ServingGeneration _generation;
    private volatile ClusterFeed _feed;
    private StatusEndpoints? _status;

    private ClusterDns(DnsOptions options, DnsPlan plan, ILoggerFactory loggers)
    {
        (_options, _plan, _loggers, _logger) = (options, plan, loggers, loggers.CreateLogger("Dataplane.Dns"));
        _metrics = new DnsMetrics(ZoneLabel(plan), () => _generation!.Forwarders, () => _feed!.LastHeard);
        _listeners = new ListenerSet(options, _metrics, loggers);
        _generation = new ServingGeneration(plan, options, _logger);
        _feed = ClusterFeed.Start(plan.Kubernetes, options, loggers, _metrics.Programmed);
    }

    /// <summary>The bound addresses in the order of the configuration, with the real ports where 0 was asked for.</summary>
    public IReadOnlyList<IPEndPoint> LocalEndPoints => [.. _plan.Servers.SelectMany(ListenKey.Of).Distinct().Select(_listeners.Bound)];

    /// <summary>Whether every watched kind was listed once. Before that missing names get SERVFAIL, afterwards NXDOMAIN.</summary>
    public bool Synced => _feed.Synced;

    /// <summary>Changes of the configuration that could not be taken over.</summary>
    internal long ReloadFailures => _metrics.ReloadFailures;

    /// <summary>Binds all addresses and begins to answer; does not wait for the API server, nor fail without it.</summary>
    /// <exception cref="FormatException">The configuration is not one; the message names file and line, or the zone or network.</exception>
    /// <exception cref="IOException">An address is in use or not there, or a file cannot be read; the message names it.</exception>
    public static async Task<ClusterDns> StartAsync(DnsOptions options, ILoggerFactory loggers, CancellationToken cancellation = default)
    {
        var (text, sources) = (options.Corefile is { } path ? await File.ReadAllTextAsync(path, cancellation) : null, new List<string>());
        var plan = text is null ? FlagPlan.Of(options, loggers.CreateLogger("Dataplane.Dns")) : Read(options, text, sources);
        var server = new ClusterDns(options, plan, loggers);
        try
        {
            await server._listeners.ApplyAsync(plan, server._generation, server._feed.Source, cancellation);
            server._generation.FindLoops();
            server._status = await StatusEndpoints.StartAsync(plan, options.Namespace, server._metrics, () => server.Synced, loggers, cancellation);
            server._running.Add(server.WatchAgeAsync());
            if (text is not null && plan.ReloadInterval is { } interval)
            {
                server._running.Add(server.ReloadAsync(Digest(sources), interval));
            }

            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Says that it is unwell and answers on for as long as the configuration says (lameduck); then closes everything.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_status is not null && _plan.LameDuck > TimeSpan.Zero)
        {
            _status.IsLeaving = true;
            await Task.Delay(_plan.LameDuck);
        }

        await _stop.CancelAsync();
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_status is not null)
        {
            await _status.DisposeAsync();
        }

        await _listeners.DisposeAsync();
        await _generation.DisposeAsync();
        await _feed.DisposeAsync();
        _metrics.Dispose();
        _stop.Dispose();
    }

    private static DnsPlan Read(DnsOptions options, string text, List<string> sources)
    {
        var plan = CorefileReader.Read(text, options.Corefile!, options.DefaultPort, Environment.GetEnvironmentVariable, sources);
        return plan with { Servers = [.. plan.Servers.Select(server => server with { Namespace = options.Namespace })] };
    }

    /// <summary>CoreDNS labels by the server block's zone: nearly always there is one, and it is the root.</summary>
    private static string ZoneLabel(DnsPlan plan) =>
        plan.Servers.SelectMany(server => server.Zones).Select(zone => zone.ToString()).Distinct().ToList() is [var only] ? only : plan.Kubernetes?.Zone ?? ".";

    private static string Digest(List<string> sources) => Convert.ToHexString(SHA512.HashData(System.Text.Encoding.UTF8.GetBytes(string.Join('\0', sources))));

    /// <summary>
    /// Looks at the file, and those it imports, now and then, a little off the beat so that many servers do not reload at the same moment.
    /// A mistake is told once.
    /// </summary>
    private async Task ReloadAsync(string digest, TimeSpan interval)
    {
        while (true)
        {
            await Task.Delay(interval + (interval * Random.Shared.NextDouble() / 2), _stop.Token);
            var (known, sources) = (digest, new List<string>());
            try
            {
                var plan = Read(_options, await File.ReadAllTextAsync(_options.Corefile!, _stop.Token), sources);
                digest = Digest(sources);
                if (digest != known)
                {
                    await ApplyAsync(plan);
                    Log.Reloaded(_logger, digest[..12]);
                }
            }
            catch (Exception failure) when (failure is IOException or FormatException or UnauthorizedAccessException or Api.Client.KubeConfigException)
            {
                digest = Digest([.. sources, failure.Message]);
                if (digest == known)
                {
                    continue;
                }

                // What is served stays as it was until the file is one again.
                _metrics.ReloadFailed();
                Log.ReloadFailed(_logger, failure.Message);
            }
        }
    }

    /// <summary>A changed view of the cluster is waited for until its lists are in; all that time the old one is served.</summary>
    private async Task ApplyAsync(DnsPlan plan)
    {
        var (generation, feed) = (new ServingGeneration(plan, _options, _logger), _feed);
        try
        {
            if (!Equivalent(plan.Kubernetes, _feed.Plan))
            {
                feed = ClusterFeed.Start(plan.Kubernetes, _options, _loggers, _metrics.Programmed);
                await feed.WaitForSyncAsync(_stop.Token);
            }

            await _listeners.ApplyAsync(plan, generation, feed.Source, _stop.Token);
        }
        catch
        {
            await generation.DisposeAsync();
            if (feed != _feed)
            {
                await feed.DisposeAsync();
            }

            throw;
        }

        var (oldGeneration, oldFeed) = (_generation, _feed);
        (_generation, _feed, _plan) = (generation, feed, plan);
        generation.FindLoops();
        await oldGeneration.RetireAsync(TimeProvider.System);
        if (oldFeed != feed)
        {
            await oldFeed.DisposeAsync();
        }
    }

    /// <summary>Records compare arrays by reference: what they say is compared here.</summary>
    private static bool Equivalent(KubernetesPlan? one, KubernetesPlan? other) =>
        one is null || other is null
            ? one is null && other is null
            : one.ReverseZones.SequenceEqual(other.ReverseZones) && one.Namespaces.SequenceEqual(other.Namespaces)
                && one with { ReverseZones = other.ReverseZones, Namespaces = other.Namespaces, FallThrough = other.FallThrough, Aliases = other.Aliases } == other;

    private async Task WatchAgeAsync()
    {
        while (true)
        {
            await Task.Delay(AgeCheck, _stop.Token);
            if (_feed.LastHeard is { } heard && TimeProvider.System.GetUtcNow() - heard is var age && age > OldAge)
            {
                Log.StateIsOld(_logger, (int)age.TotalSeconds, heard);
            }
        }
    }
}
