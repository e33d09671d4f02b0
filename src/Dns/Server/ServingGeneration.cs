using Dataplane.Dns.Configuration;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Hosts;
using Microsoft.Extensions.Logging;

namespace Dataplane.Dns.Server;

/// <summary>One plan at work: its server blocks with their forwarders, hosts files and logs. A reload makes the next and retires this one.</summary>
internal sealed class ServingGeneration : IAsyncDisposable
{
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan DrainStep = TimeSpan.FromMilliseconds(50);

    private readonly Dictionary<ServerPlan, Site> _sites = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<(ForwardPlan, CachePlan?), Forwarder> _forwarders = [];
    private readonly List<QueryLog> _logs = [];
    private readonly List<ErrorLog> _errors = [];
    private readonly List<HostsFile> _hosts = [];

    internal ServingGeneration(DnsPlan plan, DnsOptions options, ILogger logger)
    {
        foreach (var server in plan.Servers)
        {
            var hosts = server.Hosts is { } hostsPlan ? new HostsFile(hostsPlan, TimeProvider.System, logger) : null;
            var log = server.Log.Length > 0 ? new QueryLog(server.Log, Console.Out) : null;
            var errors = server.Errors is { } errorsPlan ? new ErrorLog(errorsPlan, Console.Out, TimeProvider.System) : null;
            _errors.AddRange(errors is null ? [] : [errors]);
            _hosts.AddRange(hosts is null ? [] : [hosts]);
            _logs.AddRange(log is null ? [] : [log]);
            _sites[server] = new Site(server)
            {
                Hosts = hosts,
                Log = log,
                Errors = errors,
                Forwards = [.. server.Forwards.Select(forward => new ForwardRoute(forward.From, forward.Except, ForwarderOf(forward, server, options, logger)))],
            };
        }
    }

    internal IReadOnlyCollection<Forwarder> Forwarders => _forwarders.Values;

    internal SiteTable TableOf(IEnumerable<ServerPlan> servers) => new(servers.Select(server => _sites[server]));

    /// <summary>Once the listeners are there to notice what comes back.</summary>
    internal void FindLoops()
    {
        foreach (var forwarder in _sites.Values.Where(site => site.Plan.FindsLoops).SelectMany(site => site.Forwards).Select(route => route.Forwarder).Distinct())
        {
            _ = forwarder.FindLoopsAsync();
        }
    }

    /// <summary>Waits for what is still under way, which has a time limit of its own.</summary>
    internal async Task RetireAsync(TimeProvider time)
    {
        var start = time.GetTimestamp();
        do
        {
            // At least once: a listener may have looked into the old table just before it was replaced.
            await Task.Delay(DrainStep, time);
        }
        while (_forwarders.Values.Any(forwarder => forwarder.Concurrent > 0) && time.GetElapsedTime(start) < Drain);

        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var forwarder in _forwarders.Values)
        {
            forwarder.Dispose();
        }

        foreach (var hosts in _hosts)
        {
            hosts.Dispose();
        }

        foreach (var errors in _errors)
        {
            errors.Dispose();
        }

        foreach (var log in _logs)
        {
            await log.DisposeAsync();
        }
    }

    private Forwarder ForwarderOf(ForwardPlan plan, ServerPlan server, DnsOptions options, ILogger logger)
    {
        if (!_forwarders.TryGetValue((plan, server.Cache), out var forwarder))
        {
            _forwarders[(plan, server.Cache)] = forwarder = new Forwarder(plan, server.Cache, options.ForwardNamespace, TimeProvider.System, logger);
            Log.Forwarding(logger, plan.From.ToString(), string.Join(", ", plan.Upstreams.Select(upstream => upstream.Address)));
        }

        return forwarder;
    }
}
