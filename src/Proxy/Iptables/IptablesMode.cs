using System.Net.Sockets;
using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Iptables.Rules;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.Sync;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Iptables;

/// <summary>
/// Mode iptables: the rules kube-proxy would write, chain by chain and comment by comment, but written by netlink and by difference.
/// </summary>
internal sealed class IptablesMode : IProxyMode
{
    internal const string ModeName = "iptables";

    private readonly ProxyModeContext _context;
    private readonly ILogger _logger;
    private readonly RuleStores _stores;
    private readonly Func<IRuleStore> _open;
    private readonly bool _choosesStore;
    private volatile IRuleStore? _store;
    private volatile ForwardingPlan? _inForce;
    private RuleOptions? _options;
    private bool _isFirst = true;

    /// <param name="context">What every mode is made of.</param>
    /// <param name="open">Where rules go; null to see what this host has.</param>
    internal IptablesMode(ProxyModeContext context, Func<IRuleStore>? open = null)
    {
        (_context, _logger) = (context, context.Loggers.CreateLogger<IptablesMode>());
        _stores = new RuleStores(context, _logger);
        (_choosesStore, _open) = (open is null, open ?? _stores.Open);
    }

    /// <inheritdoc/>
    public string Name => ModeName;

    /// <inheritdoc/>
    public void Apply(ForwardingPlan? previous, ForwardingPlan next)
    {
        var store = _store ??= _open();
        var options = Options(next);
        if (previous is null || options != _options)
        {
            _options = null;
            if (options.NodePorts.HasLoopback(AddressFamily.InterNetwork))
            {
                NodeSysctls.RouteLoopback(_context.Namespace, _logger);
            }

            store.WriteAll(next, options, _context.Loading);
            TellCounts(store);
            if (_isFirst && _choosesStore)
            {
                // An earlier run, or kube-proxy, may have used the other tables: now nobody needs what is there.
                _stores.CleanupOthers(store);
                _isFirst = false;
            }

            (_options, _inForce) = (options, next);
            return;
        }

        try
        {
            store.WriteChange(previous, next, options);
            _inForce = next;
            TellCounts(store);
        }
        catch
        {
            _options = null;
            throw;
        }
    }

    /// <inheritdoc/>
    public bool IsIntact() => _options is not null && _store!.IsIntact();

    /// <inheritdoc/>
    public IReadOnlyList<TrafficCount> Traffic() => _inForce is { } plan ? _store!.Traffic(plan) : [];

    /// <inheritdoc/>
    public void Cleanup()
    {
        (_options, _inForce) = (null, null);
        _store?.Cleanup();
        if (_choosesStore)
        {
            _stores.CleanupOthers(null);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _store?.Dispose();
        return ValueTask.CompletedTask;
    }

    private void TellCounts(IRuleStore store)
    {
        foreach (var (family, table, rules) in store.RuleCounts)
        {
            _context.RulesCounted?.Invoke(TableChain.NameOf(table), IPFamilies.NameOf(family), rules);
        }
    }

    private RuleOptions Options(ForwardingPlan plan) => new(
        _context.MasqueradeMark, plan.LocalDetector, plan.NodePorts, DropInvalid: _options?.DropInvalid ?? !NodeSysctls.IsConntrackLiberal(_context.Namespace));
}
